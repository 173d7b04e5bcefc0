{{- define "eilpost.labels" -}}
app.kubernetes.io/name: eilpost
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* What selects the pods of one service: (list context service) */}}
{{- define "eilpost.selector" -}}
app.kubernetes.io/name: eilpost
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "eilpost.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "eilpost.grace" -}}
{{ add .Values.drain.delay .Values.drain.timeout .Values.drain.grace 10 }}
{{- end }}

{{- define "eilpost.pod-security" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "eilpost.container-security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* What every pod has beside its container: (list context service) */}}
{{- define "eilpost.placement" -}}
{{- $ := index . 0 -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "eilpost.pod-security" $ | nindent 2 }}
{{- with $.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "eilpost.selector" . | nindent 8 }}
{{- end }}

{{/* The environment, probes, and mounts that all services share: (list context service) */}}
{{- define "eilpost.container" -}}
{{- $ := index . 0 -}}
{{- $service := index . 1 -}}
name: {{ $service }}
image: {{ include "eilpost.image" $ }}
imagePullPolicy: {{ $.Values.image.pullPolicy }}
args: ["serve", {{ $service | quote }}]
env:
  - name: EILPOST_REPLICA
    valueFrom: {fieldRef: {fieldPath: metadata.name}}
  {{- if and (eq $service "storage") $.Values.storage.database.secret }}
  - name: EILPOST_STORAGE__DATABASE_FILE
    value: /etc/eilpost/database/url
  {{- end }}
securityContext:
  {{- include "eilpost.container-security" $ | nindent 2 }}
startupProbe: {httpGet: {path: /livez, port: health}, periodSeconds: 2, failureThreshold: 60}
livenessProbe: {httpGet: {path: /livez, port: health}, periodSeconds: 10, timeoutSeconds: 5}
readinessProbe: {httpGet: {path: /readyz, port: health}, periodSeconds: 3, timeoutSeconds: 3}
{{- end }}

{{- define "eilpost.mounts" -}}
- {name: configuration, mountPath: /etc/eilpost/eilpost.toml, subPath: eilpost.toml, readOnly: true}
- {name: bus, mountPath: /etc/eilpost/bus, readOnly: true}
{{- if .Values.bus.tls.secret }}
- {name: bus-tls, mountPath: /etc/eilpost/bus-tls, readOnly: true}
{{- end }}
- {name: tmp, mountPath: /tmp}
{{- end }}

{{/* (list context service) */}}
{{- define "eilpost.volumes" -}}
{{- $ := index . 0 -}}
- name: configuration
  configMap: {name: {{ $.Release.Name }}-configuration}
- name: bus
  secret: {secretName: {{ $.Release.Name }}-bus-{{ index . 1 }}, defaultMode: 0440}
{{- with $.Values.bus.tls.secret }}
- name: bus-tls
  secret: {secretName: {{ . }}, defaultMode: 0440, items: [{key: ca.crt, path: ca.crt}]}
{{- end }}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- end }}
