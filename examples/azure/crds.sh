#!/bin/sh
# Writes the CRDs of Azure Service Operator that the examples use to crds/, made from the operator's own Go
# types. Needs Go. A release of the operator has the same as one file:
# https://github.com/Azure/azure-service-operator/releases
set -eu
cd "$(dirname "$0")"
here=$PWD
operator=github.com/Azure/azure-service-operator/v2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
go mod init crds >/dev/null 2>&1
cat >imports.go <<GO
package crds

import (
	_ "$operator/api/documentdb/v1api20210515"
	_ "$operator/api/resources/v1api20200601"
	_ "$operator/api/storage/v1api20230101"
)
GO
go get "$operator@v2.13.0" >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
go run sigs.k8s.io/controller-tools/cmd/controller-gen@v0.19.0 crd:maxDescLen=0,allowDangerousTypes=true \
	"paths=$operator/api/documentdb/v1api20210515" \
	"paths=$operator/api/resources/v1api20200601" \
	"paths=$operator/api/storage/v1api20230101" \
	"output:crd:dir=$here/crds"
ls "$here/crds"
