{{/*
Lays the values below `secrets-store-csi-driver` over those of the top, once for each file: every template begins with it.
Doing it again changes nothing.
*/}}
{{- define "keyferry.init" -}}
{{- $below := index .Values "secrets-store-csi-driver" | default dict -}}
{{- $_ := mustMergeOverwrite .Values (deepCopy (omit $below "install")) -}}
{{- if hasKey $below "install" -}}
{{- $_ := set .Values.driver "enabled" $below.install -}}
{{- end -}}
{{- end -}}

{{/* The name of upstream's chart whose part this release takes: label `app`, DaemonSet and ServiceAccount are named so. */}}
{{- define "keyferry.part" -}}
{{- ternary "secrets-store-csi-driver" "csi-secrets-store-provider-azure" .Values.driver.enabled -}}
{{- end -}}

{{- define "keyferry.name" -}}
{{- default (include "keyferry.part" .) .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* No release name in it: a cluster has one such driver, and an update from upstream's chart finds its DaemonSet. */}}
{{- define "keyferry.fullname" -}}
{{- default (include "keyferry.part" .) .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "keyferry.serviceAccount" -}}
{{- default (include "keyferry.part" .) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "keyferry.labels" -}}
app: {{ include "keyferry.name" . }}
app.kubernetes.io/name: {{ include "keyferry.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: keyferry
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "keyferry.image" -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag }}
{{- end -}}
{{- end -}}

{{/* The port of a Go address such as `:8095`; empty for none. */}}
{{- define "keyferry.port" -}}
{{- if not (has . (list "" "0")) -}}
{{- regexFind "[0-9]+$" . -}}
{{- end -}}
{{- end -}}

{{/* The host of such an address, without the brackets of IPv6. */}}
{{- define "keyferry.host" -}}
{{- regexReplaceAll ":[0-9]+$" . "" | trimAll "[]" -}}
{{- end -}}

{{/*
Whether this release installs a kind: `true` or nothing. One that exists and belongs to no release (upstream's chart makes
it by a Job, the AKS add-on by its manager) or to another one is left alone: helm would refuse the whole installation. Where
the cluster is not asked (helm template), it is taken as new.
*/}}
{{- define "keyferry.installsCrd" -}}
{{- $values := .root.Values -}}
{{- if and $values.driver.enabled $values.linux.crds.enabled -}}
{{- $found := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" .name -}}
{{- $annotations := dig "metadata" "annotations" (dict) ($found | default dict) -}}
{{- $owned := and (eq (get $annotations "meta.helm.sh/release-name") .root.Release.Name) (eq (get $annotations "meta.helm.sh/release-namespace") .root.Release.Namespace) -}}
{{- if or (not $found) $owned $values.linux.crds.takeOwnership -}}
true
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The port of /metrics; empty for none. */}}
{{- define "keyferry.metricsPort" -}}
{{- if .Values.driver.enabled -}}
{{- include "keyferry.port" .Values.linux.metricsAddr -}}
{{- else if .Values.azure.prometheusPort -}}
{{- int .Values.azure.prometheusPort -}}
{{- end -}}
{{- end -}}

{{/*
Whether tokens come among the secrets of a call: `true` or nothing. By `auto` only where a cluster is asked and knows the
field (1.35): helm template takes the version that helm was built for, and an older API server refuses the field.
*/}}
{{- define "keyferry.tokensInSecrets" -}}
{{- $wish := toString .Values.serviceAccountTokenInSecrets -}}
{{- if eq $wish "true" -}}
true
{{- else if and (eq $wish "auto") (semverCompare ">=1.35-0" .Capabilities.KubeVersion.Version) (lookup "v1" "Namespace" "" "kube-system") -}}
true
{{- end -}}
{{- end -}}
