// Package kubeapi prepares connections to a Kubernetes API.
package kubeapi

import "k8s.io/client-go/rest"

// Config returns a copy of a REST configuration for a user agent, which is what
// audit logs show. The server's warnings are not printed. Where the configuration
// sets no limit of requests per second, it is that of kubectl.
func Config(config *rest.Config, agent string) *rest.Config {
	config = rest.CopyConfig(config)
	config.UserAgent = agent
	config.WarningHandler = rest.NoWarnings{}
	if config.QPS == 0 {
		config.QPS, config.Burst = 50, 100
	}
	return config
}
