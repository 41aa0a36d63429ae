package adopt

import (
	"context"

	"github.com/krowave/krowave/plugin/deployer"
)

// Annotations, labels and field managers of GitOps tools.
const (
	argoOptions  = deployer.ArgoOptions
	argoTracking = deployer.ArgoTracking
	argoRefresh  = deployer.ArgoRefresh
	argoManager  = deployer.ArgoManager
	fluxPrune    = deployer.FluxPrune
	fluxName     = deployer.FluxName
	fluxSpace    = deployer.FluxSpace
	fluxRequest  = deployer.FluxRequest
	fluxManager  = deployer.FluxManager
)

// tool is an Application or a Kustomization, and the objects that it has.
type tool = deployer.Tool

// tools lists the Applications and Kustomizations of a cluster that has them.
func (c *Cluster) tools(ctx context.Context) ([]tool, error) { return deployer.All(ctx, c.Cluster) }
