import logging
import os
import signal
import subprocess
import sys
import threading

import psutil
import pytest

from beam_pipeline.cli.exit_codes import Terminated
from beam_pipeline.cli.interrupts import Interruptible


@pytest.mark.parametrize(("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
def test_a_signal_unwinds_and_ends_children(number, kind, capsys):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(KeyboardInterrupt) as caught, Interruptible(verbose=False):
        try:
            os.kill(os.getpid(), number)
            threading.Event().wait(10)
        finally:
            print("noise", file=sys.stderr)
            logging.getLogger("beam").error("noise")
    assert type(caught.value) is kind
    assert caught.value.args == ("nothing was committed; what the output held before is unchanged",)
    assert not psutil.pid_exists(child.pid)
    print("after", file=sys.stderr)
    assert capsys.readouterr().err == "after\n"
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert logging.getLogger("beam").isEnabledFor(logging.ERROR)


def test_verbose_keeps_the_noise(capsys):
    with pytest.raises(KeyboardInterrupt), Interruptible(verbose=True):
        try:
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(10)
        finally:
            print("noise", file=sys.stderr)
    assert capsys.readouterr().err == "noise\n"


def test_other_errors_and_other_threads_pass():
    with pytest.raises(ZeroDivisionError) as caught, Interruptible(verbose=False):
        raise ZeroDivisionError("as it was")
    assert caught.value.args == ("as it was",)
    done = []

    def elsewhere():
        with Interruptible(verbose=False):
            done.append(True)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert done
