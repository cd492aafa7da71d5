#!/bin/sh
# The steps that put bidsapp into an image, at /opt/bidsapp; Dockerfile and singularity.def both call them.
#
#   DEVICE=cpu|cuda [TORCH_INDEX=URL] sh install.sh torch    that build of torch, with what it needs itself
#   sh install.sh packages            every other package, in the locked versions
#   sh install.sh wheel FOLDER        build this program into FOLDER
#   sh install.sh program FOLDER      install it from there
#   sh install.sh sbom FOLDER         write the bill of materials of all that is installed, FOLDER/sbom.json
#
# All that a step writes has the date SOURCE_DATE_EPOCH (seconds since 1970; by default that of wheels that hatchling
# builds). With it set, Python compiles to files that hold the source's hash and not its date (py_compile).
set -eu
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-1580601600}"
began=$(date +%s)
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
  python3 -m venv "$2/tool"
  "$2/tool/bin/pip" install --quiet hatchling==1.33.0
  "$2/tool/bin/pip" wheel --quiet --no-deps --no-build-isolation --wheel-dir "$2" "$source"
  rm -rf "$2/tool" ;;
program)
  $pip install --no-deps --no-index "$2"/bidsapp-*.whl
  $pip check
  ln -sf /opt/bidsapp/bin/bidsapp /opt/bidsapp/bin/bidsapp-hpc /usr/local/bin/ ;;
sbom)
  python3 -m venv "$2/tool"
  "$2/tool/bin/pip" install --quiet cyclonedx-bom==7.5.0
  "$2/tool/bin/cyclonedx-py" environment --output-reproducible --output-file "$2/sbom.json" /opt/bidsapp/bin/python
  rm -rf "$2/tool" ;;
*)
  sed -n '4,8s/^# *//p' "$0" >&2; exit 64 ;;
esac

for folder in /opt/bidsapp /usr/local/bin ${2:+"$2"}; do
  [ ! -e "$folder" ] || find "$folder" -newermt "@$began" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
done
