#!/bin/sh
# Brings what `make test-flink` needs into a folder: Flink's jars, Beam's job server, fake-gcs-server. Needs Java 11 or
# 17, Maven, Go and package indexes; a second call does nothing.
#     tests/flink/setup.sh FOLDER PYTHON          everything
#     tests/flink/setup.sh FOLDER PYTHON buckets  the bucket server alone
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
if [ ! -x "$folder/bin/fake-gcs-server" ]; then
  GOBIN="$folder/bin" go install github.com/fsouza/fake-gcs-server@v1.56.1
fi
if [ "${3:-}" = buckets ]; then
  exit 0
fi
if [ ! -d "$folder/flink/pyflink" ]; then
  "$2" -m pip install --quiet --no-deps --target "$folder/flink" apache-flink-libraries==1.19.3
fi
if [ ! -f "$folder/job-server.jar" ]; then
  mkdir -p "$folder/build"
  cp "$here/job-server.pom.xml" "$folder/build/pom.xml"
  (cd "$folder/build" && mvn -B -q -s "$here/maven-settings.xml" package)
  mv "$folder/build/target/beam-flink-1.19-job-server.jar" "$folder/job-server.jar"
  rm -r "$folder/build"
fi
