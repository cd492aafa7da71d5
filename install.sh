#!/bin/sh
# The steps that put bidsapp into an image, at /opt/bidsapp; Dockerfile and singularity.def both call them.
#
#   DEVICE=cpu|cuda [TORCH_INDEX=URL] sh install.sh torch    that build of torch, with what it needs itself
#   sh install.sh packages            every other package, in the locked versions
#   sh install.sh wheel FOLDER        build this program into FOLDER
#   sh install.sh program FOLDER      install it from there
#   sh install.sh sbom FOLDER         write the bill of materials of all that is installed, FOLDER/sbom.json
set -eu
source=$(dirname "$0")
pip="/opt/bidsapp/bin/pip --quiet"
export PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_RETRIES=1

case ${1:-} in
torch)
  version=$(sed -n 's/^torch==//p' "$source/requirements.lock")
  case ${DEVICE:-cpu} in
  cpu) version=$version+cpu index=https://download.pytorch.org/whl/cpu ;;
  cuda) index= ;;  # the general index has the build with CUDA
  *) echo "DEVICE is cpu or cuda, not '$DEVICE'." >&2; exit 64 ;;
  esac
  [ "${TORCH_INDEX:-default}" = default ] || index=$TORCH_INDEX
  python3 -m venv /opt/bidsapp
  # === takes this very build: == would take 2.0+cpu for 2.0, where an index or a folder of wheels has it
  $pip install ${index:+--extra-index-url "$index"} --constraint "$source/requirements.lock" "torch===$version"
  rm -rf /opt/bidsapp/lib/python3*/site-packages/torch/include
  ;;
packages)
  $pip install --no-deps --requirement "$source/requirements.lock" ;;
wheel)
  $pip wheel --no-deps --wheel-dir "$2" "$source" ;;
program)
  $pip install --no-deps --no-index "$2"/bidsapp-*.whl
  $pip check ;;
sbom)
  python3 -m venv "$2/tool"
  "$2/tool/bin/pip" install --quiet cyclonedx-bom==7.5.0
  "$2/tool/bin/cyclonedx-py" environment --output-reproducible --output-file "$2/sbom.json" /opt/bidsapp/bin/python
  rm -rf "$2/tool" ;;
*)
  sed -n '4,8s/^# *//p' "$0" >&2; exit 64 ;;
esac
