// Package monitoring holds what others need to watch stations: alerts for Prometheus, a dashboard for Grafana, a template for
// Zabbix, and the JSON Schemas of the health document and of the heartbeat. docs/monitoring.md says how to use them; the
// tests hold them to what a station really tells.
package monitoring
