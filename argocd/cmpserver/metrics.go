package cmpserver

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what Prometheus reads.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	stage    *prometheus.HistogramVec
	inFlight prometheus.Gauge
	received prometheus.Counter
	panics   prometheus.Counter
	lookups  *prometheus.CounterVec
}

func newMetrics() *metrics {
	name := func(name, help string) prometheus.Opts {
		return prometheus.Opts{Namespace: "krowave", Subsystem: "cmp", Name: name, Help: help}
	}
	histogram := func(n, help string, labels ...string) *prometheus.HistogramVec {
		o := name(n, help)
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: o.Namespace, Subsystem: o.Subsystem, Name: o.Name, Help: o.Help,
			Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 14),
		}, labels)
	}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts(name("requests_total", "Calls by method and gRPC code.")), []string{"method", "code"}),
		duration: histogram("request_duration_seconds", "Duration of calls, transfer included.", "method"),
		stage:    histogram("stage_duration_seconds", "Duration of a call's stages.", "stage"),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts(name("in_flight_requests", "Calls being served."))),
		received: prometheus.NewCounter(prometheus.CounterOpts(name("received_bytes_total", "Bytes of archives received."))),
		panics:   prometheus.NewCounter(prometheus.CounterOpts(name("panics_total", "Calls that ended in a panic."))),
		lookups:  prometheus.NewCounterVec(prometheus.CounterOpts(name("cache_lookups_total", "Lookups in a cache by result.")), []string{"cache", "result"}),
	}
	m.registry.MustRegister(m.requests, m.duration, m.stage, m.inFlight, m.received, m.panics, m.lookups,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) cached(cache string, hit bool) {
	result := "miss"
	if hit {
		result = "hit"
	}
	m.lookups.WithLabelValues(cache, result).Inc()
}

// watch exports the sizes of a service's caches.
func (m *metrics) watch(s *service) {
	sizes := map[string]func() float64{
		"tree":     func() float64 { return float64(s.trees.Bytes()) },
		"answer":   func() float64 { return float64(s.renderer.answers.Bytes()) },
		"document": func() float64 { return float64(s.renderer.documents.Bytes()) },
	}
	for name, size := range sizes {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: "krowave", Subsystem: "cmp", Name: "cache_bytes", Help: "Estimate of what a cache takes.",
			ConstLabels: prometheus.Labels{"cache": name},
		}, size))
	}
}

// serve answers HTTP until ctx ends; healthz reports whether calls are served.
func (m *metrics) serve(ctx context.Context, l net.Listener, healthz http.Handler) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.Handle("GET /healthz", healthz)
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}
