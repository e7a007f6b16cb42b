{{/* What the pods of the driver and those of the provider alone have in common: `metadata` of the DaemonSet's template. */}}
{{- define "keyferry.podMetadata" -}}
labels:
  {{- include "keyferry.labels" . | nindent 2 }}
  {{- with .Values.linux.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  kubectl.kubernetes.io/default-container: {{ include "keyferry.container" . }}
  {{- with .Values.caBundle }}
  keyferry/ca-bundle: {{ sha256sum . }}
  {{- end }}
  {{- with .Values.linux.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "keyferry.container" -}}
{{- ternary "secrets-store" "provider-azure-installer" .Values.driver.enabled -}}
{{- end -}}

{{/* Where the pods run, and how. The token is not mounted by automount, so that only the main container has it. */}}
{{- define "keyferry.podSettings" -}}
serviceAccountName: {{ include "keyferry.serviceAccount" . }}
automountServiceAccountToken: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .Values.hostNetwork }}
hostNetwork: true
{{- end }}
dnsPolicy: {{ .Values.linux.dnsPolicy | default (ternary "ClusterFirstWithHostNet" "ClusterFirst" .Values.hostNetwork) }}
terminationGracePeriodSeconds: {{ .Values.linux.terminationGracePeriodSeconds }}
{{- with .Values.linux.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
nodeSelector:
  kubernetes.io/os: linux
  {{- with .Values.linux.nodeSelector }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.linux.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.linux.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{- define "keyferry.mainImage" -}}
{{- $tag := .Values.linux.image.tag | default .Chart.AppVersion -}}
image: {{ include "keyferry.image" (mustMerge (dict "tag" $tag) .Values.linux.image) }}
imagePullPolicy: {{ .Values.linux.image.pullPolicy }}
{{- end -}}

{{/* Flags that both processes have. */}}
{{- define "keyferry.azureArgs" -}}
- {{ printf "--cloud-name=%s" .Values.azure.cloudName | quote }}
{{- with .Values.azure.cloudEnvFolders }}
- {{ printf "--cloud-env-folders=%s" (join "," .) | quote }}
{{- end }}
{{- with .Values.linux.customUserAgent }}
- {{ printf "--custom-user-agent=%s" . | quote }}
{{- end }}
- --construct-pem-chain={{ .Values.constructPEMChain }}
- --write-cert-and-key-in-separate-files={{ .Values.writeCertAndKeyInSeparateFiles }}
{{- if .Values.azure.upstreamVersionHistory }}
- --upstream-version-history=true
{{- end }}
- --freshness-window={{ .Values.azure.freshnessWindow }}
{{- with .Values.azure.tokenProxyUrl }}
- {{ printf "--token-proxy-url=%s" . | quote }}
{{- end }}
{{- with .Values.azure.sniName }}
- {{ printf "--sni-name=%s" . | quote }}
{{- end }}
{{- end -}}

{{- define "keyferry.processArgs" -}}
- --v={{ .Values.logVerbosity }}
{{- if .Values.logFormatJSON }}
- --log-format-json=true
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "keyferry.env" -}}
- name: KUBE_NODE_NAME
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
{{- if .Values.caBundle }}
- name: NODE_EXTRA_CA_CERTS
  value: /etc/keyferry/ca/ca.crt
{{- end }}
{{- with concat (.Values.linux.env | default list) (.Values.extraEnv | default list) }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "keyferry.mounts" -}}
{{- if .Values.automountServiceAccountToken }}
- name: token
  mountPath: /var/run/secrets/kubernetes.io/serviceaccount
  readOnly: true
{{- end }}
{{- if .Values.caBundle }}
- name: ca-bundle
  mountPath: /etc/keyferry/ca
  readOnly: true
{{- end }}
{{- with concat (.Values.linux.volumeMounts | default list) (.Values.extraVolumeMounts | default list) }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "keyferry.volumes" -}}
{{- if .Values.automountServiceAccountToken }}
- name: token
  projected:
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3607
      - configMap:
          name: kube-root-ca.crt
          items:
            - key: ca.crt
              path: ca.crt
      - downwardAPI:
          items:
            - path: namespace
              fieldRef:
                fieldPath: metadata.namespace
{{- end }}
{{- if .Values.caBundle }}
- name: ca-bundle
  configMap:
    name: {{ include "keyferry.fullname" . }}-ca
{{- end }}
{{- with concat (.Values.linux.volumes | default list) (.Values.extraVolumes | default list) }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The sidecars read and write sockets of root's and need nothing else. */}}
{{- define "keyferry.sidecarSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsUser: 0
  capabilities:
    drop:
      - ALL
{{- end -}}
