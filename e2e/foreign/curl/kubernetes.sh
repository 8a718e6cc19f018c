# shellcheck shell=bash
# Read by the scripts for Kubernetes and Kamaji: where the API is.
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" || exit 2
CA=${KAMAJI_CA:?}
API=$KAMAJI_URL
ADMIN="Authorization: Bearer $KAMAJI_TOKEN"
TCPS=$API/apis/kamaji.clastix.io/v1alpha1/namespaces/default/tenantcontrolplanes
JSON='Content-Type: application/json'
YAML='Content-Type: application/yaml'
MERGE='Content-Type: application/merge-patch+json'
JSON_PATCH='Content-Type: application/json-patch+json'
APPLY='Content-Type: application/apply-patch+yaml'

# `manifest NAME`: a TenantControlPlane as Kamaji's documentation writes it.
manifest() {
  sed "s/tenant-test/$1/" <<'YAML'
apiVersion: kamaji.clastix.io/v1alpha1
kind: TenantControlPlane
metadata:
  name: tenant-test
  labels:
    tenant.clastix.io: tenant-test
spec:
  controlPlane:
    deployment:
      replicas: 2
    service:
      serviceType: LoadBalancer
  kubernetes:
    version: "v1.34.0"
    kubelet:
      cgroupfs: systemd
  networkProfile:
    port: 6443
  addons:
    coreDNS: {}
    kubeProxy: {}
    konnectivity:
      server:
        port: 8132
YAML
}
