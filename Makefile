# Every target works on a machine with Go and git.
GO ?= go
GOTEST ?= $(GO) test
# kustomize can load Go plugins, and krowave never does. Without them, the linker drops what nothing calls, and
# test binaries need no external linker.
export GOFLAGS := $(shell $(GO) env GOFLAGS) -tags=kustomize_disable_go_plugin_support
FUZZTIME ?= 5000x
PROPERTY_CASES ?= 10000
BENCHTIME ?= 1s

.PHONY: adopt flux admission demo build test race lint check licenses release-check conformance versions property fuzz bench argocd e2e-argocd e2e-flux e2e-kro helm soak torture bench-cmp bench-peers scaling soak-flux observe generate image image-test web web-check e2e-preview soak-preview bench-preview kubeconform faults allocations bench-save bench-compare reproducible

demo:
	@$(GO) run . render examples/shop/overlays/dev examples/shop/overlays/prod

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o krowave .

test:
	$(GOTEST) ./...

race:
	$(GOTEST) -race ./...

# golangci-lint is built once, which takes some minutes.
lint: check
	.ci/golangci

# What needs no tool that takes long to build.
check:
	@unformatted=$$(gofmt -l main.go plugin argocd flux render testdata .ci); \
	if [ -n "$$unformatted" ]; then echo "gofmt is needed for:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./... ./.ci/gotest
	$(GO) tool staticcheck ./...
	@$$(.ci/tool actionlint)
	@.ci/vulnerabilities
	@cd .ci/licenses && $(GO) run . -check

# The licences of all modules in the binaries.
licenses:
	cd .ci/licenses && $(GO) run . -write

# The configuration of releases, and what a release builds for this system. The first run builds goreleaser,
# which takes ten minutes.
release-check:
	.ci/release-check

# CORPUS names a folder of more cases: make conformance CORPUS=../corpus
# KRO names another release of kro: make conformance KRO=v0.10.0
KRO ?=
conformance:
	KRO=$(KRO) testdata/oracle/conformance.sh $(CORPUS)

# Every case rendered for all versions of kro: what differs, with its number, and whether docs/kro-versions.md lists it.
versions:
	@log=$$(mktemp); status=0; \
	KROWAVE_CORPUS=$(if $(CORPUS),$(abspath $(CORPUS))) $(GOTEST) -count=1 -timeout 30m -v -run '^Test(Versions|UpgradeCheck)$$' ./plugin/conformance \
		>"$$log" 2>&1 || status=$$?; \
	grep -Ev '^ *(=== (RUN|PAUSE|CONT|NAME)|--- PASS)' "$$log"; rm "$$log"; exit $$status

property:
	KROWAVE_ORACLE=$$(testdata/oracle/build.sh) KROWAVE_PROPERTY_CASES=$(PROPERTY_CASES) \
		$(GOTEST) -count=1 -timeout 60m -v -run '^TestRandomCases$$' ./plugin/conformance

fuzz:
	@FUZZTIME=$(FUZZTIME) .ci/fuzz

bench:
	$(GO) test -run '^$$' -bench . -benchtime $(BENCHTIME) -benchmem ./render/...
	$(GO) test -run '^$$' -bench BenchmarkFleet -benchtime 3x ./plugin
	testdata/oracle/bench.sh

# Fails when a command allocates over a tenth more than testdata/bench/baseline.json says. UPDATE=1 writes it again.
UPDATE ?=
allocations:
	$(GO) test -count=1 -v -run '^TestAllocations$$' ./testdata/bench $(if $(UPDATE),-update)

# Figures of this commit for benchstat, in dist; and this commit beside the last tag.
bench-save:
	.ci/bench save
bench-compare:
	.ci/bench compare

# What a release builds, twice in two directories: the same bytes.
reproducible:
	.ci/reproducible

# Whole processes of krowave, Helm 3, Helm 4 and kustomize on equal objects, and the engine beside kro's. The first run
# builds them, which takes ten minutes. Writes docs/benchmarks.md.
PEER_SIZES ?= 1,100,1000,10000,50000
PEER_ROUNDS ?= 5
bench-peers:
	testdata/peers/run.sh -sizes $(PEER_SIZES) -rounds $(PEER_ROUNDS) -o docs

# CPU and memory by the size of repositories: the command line, also with 100,000 files and 20,000 commits, the sidecar
# with 1,000 Applications, the Flux controller with 5,000 RenderedSources on a real kube-apiserver. Writes
# docs/scaling.md; takes 40 minutes.
scaling:
	testdata/scaling/run.sh -docs docs

# Two Flux controllers with 500 RenderedSources on a real kube-apiserver; the one that leads is killed ten times.
soak-flux:
	cd testdata/scaling && KROWAVE_SOAK=500 $(GOTEST) -count=1 -timeout 60m -v -run '^TestLeaderKilled$$' .

# kill -9 at every write of the commands that write, a full disk, files that cannot be changed, peers that are gone.
# Of a command with hundreds of writes, 8 are tried; KROWAVE_FAULTS_ALL=1 tries each.
faults:
	$(GO) test -count=1 -parallel 4 -timeout 30m ./testdata/faults

# Hostile repositories and peers against the command line and the Argo CD sidecar, as SECURITY.md lists them. make flux
# runs them against the Flux controller.
torture:
	$(GO) test -count=1 -parallel 2 -timeout 30m ./testdata/torture

# The table of admission defaults against Azure Service Operator's own webhooks, and examples/azure with CRDs
# made from its types. The first run compiles the operator's API, which takes minutes.
admission:
	cd testdata/admission && $(GO) test -count=1 .
	testdata/admission/example.sh

# The plugin protocol against argo-cd/v2's own descriptors and client.
argocd:
	cd testdata/argocd && $(GOTEST) -count=1 .

# 10,000 good, bad, slow and cancelled requests of 64 clients to the plugin server. argocd sends 1,000.
soak:
	cd testdata/argocd && KROWAVE_SOAK=10000 $(GOTEST) -count=1 -timeout 30m -v -run '^TestSoak$$' .

# Real Argo CD: repo-servers as clients, and syncs to a real kube-apiserver. The
# first run builds them, which takes half an hour.
e2e-argocd:
	testdata/argocd/e2e/reposerver.sh v2.14.21
	testdata/argocd/e2e/reposerver.sh v3.6.1
	testdata/argocd/e2e/sync.sh v2.14.21
	testdata/argocd/e2e/sync.sh v3.6.1
	testdata/argocd/e2e/delegate.sh v2.14.21

# The real kro controller on a real kube-apiserver: a sample of the cases, or
# with KROWAVE_E2E_ALL=1 all of them, and those of CORPUS too.
e2e-kro:
	testdata/kro-e2e/run.sh $(if $(CORPUS),$(CORPUS)/cases)

# krowave adopt against a real kube-apiserver, kro, Argo CD and Flux's kustomize-controller, which the first run
# builds: an hour. With CORPUS, 30 of its cases are adopted too: make adopt CORPUS=../corpus
adopt:
	KROWAVE_ADOPT_TOOLS=real $(if $(CORPUS),KROWAVE_ADOPT_CORPUS=$(abspath $(CORPUS))/cases KROWAVE_ADOPT_CASES=30) testdata/kubernetes/adopt.sh

# krowave observe, the verdicts of krowave validate, and krowave diff --live against a real kube-apiserver. With
# CORPUS, diff --live finds no difference after an apply of its cases either.
observe:
	KROWAVE_KUBERNETES=$$(testdata/kubernetes/build.sh) $(GOTEST) -count=1 ./plugin/observe
	$(if $(CORPUS),KROWAVE_ADOPT_CORPUS=$(abspath $(CORPUS))/cases) KROWAVE_KUBERNETES=$$(testdata/kubernetes/build.sh) \
		$(GOTEST) -count=1 -timeout 30m -run '^TestDiffLive' ./plugin/command/change

# The Flux controller against a real kube-apiserver, and with a real kustomize-controller. The first run
# builds them, which takes an hour.
flux:
	KROWAVE_KUBERNETES=$$(testdata/kubernetes/build.sh) $(GOTEST) -count=1 -timeout 20m ./flux/controller
	KROWAVE_KUBERNETES=$$(testdata/kubernetes/build.sh) KROWAVE_FLUX=$$(testdata/flux/e2e/build.sh) \
		$(GOTEST) -count=1 -run '^TestFlux' ./flux/controller

# The Flux controller beside Flux's own on a real kube-apiserver. The first run builds them, which takes half
# an hour.
e2e-flux:
	testdata/flux/e2e/run.sh

# The schemas of krowave schema, read by kubeconform, which the first run builds.
kubeconform:
	testdata/kubeconform/run.sh

# Helm 3 and Helm 4 with krowave as their post-renderer. The first run builds them, which takes ten minutes.
helm:
	testdata/helm/run.sh

# The sidecar beside Argo CD's own plugin server with krowave, Helm and kustomize behind it. Writes its section of
# docs/scaling.md. The first run builds Argo CD, which takes half an hour.
bench-cmp:
	testdata/argocd/e2e/bench.sh

# Fails when the committed files are not what go generate makes.
generate:
	$(GO) generate ./...
	git diff --exit-code

# The pages of krowave preview, which are committed compressed: building krowave needs no Node.js.
WEB = plugin/preview/web
web:
	cd $(WEB) && npm ci --ignore-scripts --no-audit --no-fund && npm run build

# Fails when the committed pages are not what the sources make.
web-check:
	cd $(WEB) && npm ci --ignore-scripts --no-audit --no-fund && npm run check

# The pages in Chromium.
e2e-preview:
	testdata/preview/ci.sh

# 2,000 saves below a preview, with a client and for a while a browser: nothing may grow.
soak-preview:
	testdata/preview/soak.sh

# Times and memory of the preview of 10,000 instances.
bench-preview:
	testdata/preview/fleet.sh

# The container image for linux/amd64 and linux/arm64, without a container engine: an OCI layout in dist/image,
# or with PUSH=REFERENCE in a registry. Its last line is the digest. The Dockerfile makes the same image.
PUSH ?=
image:
	@cd .ci/image && $(GO) run . $(if $(PUSH),-push "$(PUSH)",-o ../../dist/image)

# Builds the image for this machine twice, and runs it in a chroot, read-only and as uid 999.
image-test:
	cd .ci/image && $(GO) vet . && $(GOTEST) -count=1 -v .
