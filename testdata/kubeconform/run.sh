#!/usr/bin/env bash
# Has kubeconform check instances by the schemas of krowave schema. Exit code 75 says that kubeconform is not built and
# could not be built in KROWAVE_E2E_BUILD_SECONDS.
set -euo pipefail
cd "$(dirname "$0")/../.."
KROWAVE_KUBECONFORM=$(.ci/build .ci/tool kubeconform)
export KROWAVE_KUBECONFORM
${GOTEST:-go test} -count=1 -run '^TestKubeconform$' ./plugin
