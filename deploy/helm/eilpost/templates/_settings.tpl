{{/* One value in TOML; JSON's strings, numbers, booleans and arrays of them are TOML's. */}}
{{- define "eilpost.table" -}}
{{- range $key, $value := . }}
{{ $key }} = {{ toJson $value }}
{{- end }}
{{- end }}

{{- define "eilpost.bus-urls" -}}
{{- if .Values.bus.url -}}
{{ toJson .Values.bus.url }}
{{- else -}}
[{{ range $i := until (int .Values.bus.replicas) }}{{ if $i }}, {{ end }}"{{ ternary "wss" "ws" (ne $.Values.bus.tls.secret "") }}://{{ $.Release.Name }}-bus-{{ $i }}.{{ $.Release.Name }}-bus:8222"{{ end }}]
{{- end }}
{{- end }}
