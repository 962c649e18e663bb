"""One folder per stage, in the order of the data. In each, `transform.py` alone imports Beam."""

import os

# Nothing is sent: onnxruntime (1.29 and later) asks an address of its maker and leaves a device id in the home folder
# unless it finds this when its library loads. PyMuPDF and plug-ins load that library, too, so no module of ours that
# does is the right place: here it holds for every process that works with our stages.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
