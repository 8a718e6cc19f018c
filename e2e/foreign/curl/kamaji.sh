#!/usr/bin/env bash
# Tenant control planes through the API of the management cluster, as literal requests.
source "$(dirname "${BASH_SOURCE[0]}")/kubernetes.sh" || exit 2
manifest by-curl >"$scratch/tcp.yaml"
manifest by-proxy >"$scratch/by-proxy.yaml"

# ── A token to call with ──────────────────────────────────────────────────────────────────────────────────────────
# `fochista install --api-access` has made the account, and the rights that what follows needs.
curl -H "$ADMIN" -X POST "$API/api/v1/namespaces/kube-system/serviceaccounts/api-access/token" -H "$JSON" \
  -d '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":3600}}'
expect '201 Created' '"kind":"TokenRequest"' '"token":"ey' '"expirationTimestamp":"'
ACCESS=$(answer token)
# Versions of kubectl before 1.24 do not know the command of the documentation.
[[ $(kubectl create --help) == *' token '* ]] && ACCESS=$(kubectl create token api-access -n kube-system)
BEARER="Authorization: Bearer $ACCESS"

# ── A body in protobuf, as kubectl, kubelets and controllers send those of built-in kinds ─────────────────────────
printf '%b' '\x6b\x38\x73\x00\x0a\x0f\x0a\x02v1\x12\x09Namespace\x12\x1a\x0a\x12\x0a\x02n2\x12\x00\x1a\x00\x22\x00\x2a\x00\x32\x00\x38\x00\x42\x00\x12\x00\x1a\x02\x0a\x00\x1a\x00\x22\x00' >"$scratch/n2"
curl -H "$ADMIN" -X POST "$API/api/v1/namespaces" -H 'Content-Type: application/vnd.kubernetes.protobuf' --data-binary "@$scratch/n2"
expect 201 '"kind":"Namespace"' '"name":"n2"' '"phase":"Active"'
curl -H "$ADMIN" "$API/api/v1/namespaces/n2" -H 'Accept: application/vnd.kubernetes.protobuf'
expect 200 'Content-Type: application/vnd.kubernetes.protobuf' 'k8s'
curl -H "$ADMIN" -X DELETE "$API/api/v1/namespaces/n2"
expect 200

# ── Create ────────────────────────────────────────────────────────────────────────────────────────────────────────
curl -X POST "$TCPS" -H "$BEARER" -H "$YAML" --data-binary "@$scratch/tcp.yaml"
expect '201 Created' '"kind":"TenantControlPlane"' '"name":"by-curl"' '"dataStore":"default"' '"podCidr":"10.244.0.0/16"' \
  '"generation":1' '"uid":"' 'Content-Type: application/json'
curl -X POST "$TCPS" -H "$BEARER" -H "$YAML" --data-binary "@$scratch/tcp.yaml"
expect 409 '"reason":"AlreadyExists"' '"message":"tenantcontrolplanes.kamaji.clastix.io \"by-curl\" already exists"'
curl -X POST "$TCPS?dryRun=All" -H "$BEARER" -H "$YAML" --data-binary "@$scratch/by-proxy.yaml"
expect 201 '"name":"by-proxy"'

# ── List, one, watch ──────────────────────────────────────────────────────────────────────────────────────────────
curl "$TCPS" -H "$BEARER"
expect '200 OK' '"kind":"TenantControlPlaneList"' '"name":"by-curl"' '!by-proxy'
VERSION=$(answer resourceVersion)
curl "$API/apis/kamaji.clastix.io/v1alpha1/tenantcontrolplanes?limit=1&labelSelector=tenant.clastix.io%3Dby-curl" -H "$BEARER"
expect 200 '"name":"by-curl"'
until_answer 60 '"status":"Ready"' curl "$TCPS/by-curl" -H "$BEARER"
expect 200 '"controlPlaneEndpoint":"127.' '"secretName":"by-curl-admin-kubeconfig"' '"version":"v1.34.0"' '"dataStoreName":"default"'
curl -N "$TCPS?watch=true&resourceVersion=0&timeoutSeconds=1" -H "$BEARER"
expect 200 '{"type":"ADDED","object":{"apiVersion":"kamaji.clastix.io/v1alpha1"'
curl "$TCPS/by-curl" -H "$BEARER" -H 'Accept: application/json;as=Table;v=v1;g=meta.k8s.io'
expect 200 '"kind":"Table"' '"name":"Control-Plane endpoint"' '"by-curl","v1.34.0","v1.34.0","Ready"'
curl "$TCPS/by-curl" -H "$BEARER" -H 'Accept: application/yaml'
expect 200 'Content-Type: application/yaml' 'kind: TenantControlPlane'
curl "$TCPS/nosuch" -H "$BEARER"
expect '404 Not Found' '"reason":"NotFound"' '"message":"tenantcontrolplanes.kamaji.clastix.io \"nosuch\" not found"'

# ── Change one field, in each of the three ways ───────────────────────────────────────────────────────────────────
curl -X PATCH "$TCPS/by-curl" -H "$BEARER" -H "$MERGE" -d '{"spec":{"controlPlane":{"deployment":{"replicas":3}}}}'
expect 200 '"replicas":3'
curl -X PATCH "$TCPS/by-curl" -H "$BEARER" -H "$JSON_PATCH" \
  -d '[{"op":"test","path":"/spec/controlPlane/deployment/replicas","value":3},{"op":"replace","path":"/spec/controlPlane/deployment/replicas","value":1}]'
expect 200 '"replicas":1'
curl -X PATCH "$TCPS/by-curl?fieldManager=by-curl" -H "$BEARER" -H "$APPLY" --data-binary @- <<'YAML'
apiVersion: kamaji.clastix.io/v1alpha1
kind: TenantControlPlane
metadata: { name: by-curl }
spec: { controlPlane: { deployment: { replicas: 2 } } }
YAML
expect 409 'Apply failed with 1 conflict: conflict with \"curl\" using kamaji.clastix.io/v1alpha1: .spec.controlPlane.deployment.replicas'
curl -X PATCH "$TCPS/by-curl?fieldManager=by-curl&force=true" -H "$BEARER" -H "$APPLY" \
  -d '{"apiVersion":"kamaji.clastix.io/v1alpha1","kind":"TenantControlPlane","metadata":{"name":"by-curl"},"spec":{"controlPlane":{"deployment":{"replicas":2}}}}'
expect 200 '"replicas":2' '"manager":"by-curl","operation":"Apply"'
curl -X PATCH "$TCPS/by-curl" -H "$BEARER" -H 'Content-Type: application/strategic-merge-patch+json' -d '{"spec":{}}'
expect '415 Unsupported Media Type' 'accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml'

# ── Replace all of it ─────────────────────────────────────────────────────────────────────────────────────────────
# Kamaji writes the status of the same object: who meets a version that is older by now reads it again.
for _ in $(seq 50); do
  curl "$TCPS/by-curl" -H "$BEARER"
  printf '%s' "${BODY/\"labels\":\{/\"labels\":\{\"replaced\":\"yes\",}" >"$scratch/whole.json"
  curl -X PUT "$TCPS/by-curl" -H "$BEARER" -H "$JSON" --data-binary "@$scratch/whole.json"
  [[ $STATUS == 409* ]] || break
done
expect 200 '"replaced":"yes"'
curl -X PUT "$TCPS/by-curl" -H "$BEARER" -H "$JSON" --data-binary "@$scratch/whole.json"
expect '409 Conflict' '"message":"Operation cannot be fulfilled on tenantcontrolplanes.kamaji.clastix.io \"by-curl\": the object has been modified; please apply your changes to the latest version and try again"'
curl -X PUT "$TCPS/by-curl" -H "$BEARER" -H "$YAML" --data-binary "@$scratch/tcp.yaml"
expect '422 Unprocessable Entity' '"message":"tenantcontrolplanes.kamaji.clastix.io \"by-curl\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update"'

# ── Scale and status ──────────────────────────────────────────────────────────────────────────────────────────────
curl "$TCPS/by-curl/scale" -H "$BEARER"
expect 200 '"kind":"Scale"' '"spec":{"replicas":2}' '"selector":"kamaji.clastix.io/name=by-curl'
curl -X PATCH "$TCPS/by-curl/scale" -H "$BEARER" -H "$MERGE" -d '{"spec":{"replicas":1}}'
expect 200 '"spec":{"replicas":1}'
curl "$TCPS/by-curl/status" -H "$BEARER"
expect 200 '"kubernetesResources":{'

# ── What it is made of: Deployments, pods, their logs, Services, nodes, events ────────────────────────────────────
curl "$API/apis/apps/v1/namespaces/default/deployments" -H "$BEARER"
expect 200 '"kind":"DeploymentList"' '"name":"by-curl"' '"name":"kube-apiserver"'
until_answer 60 '"replicas":1,"updatedReplicas":1,"readyReplicas":1' curl "$API/apis/apps/v1/namespaces/default/deployments/by-curl" -H "$BEARER"
# A pod that is listed may be replaced a moment later: then the one in its place is asked.
for _ in $(seq 50); do
  until_answer 60 '!"deletionTimestamp"' curl "$API/api/v1/namespaces/default/pods?labelSelector=kamaji.clastix.io/name%3Dby-curl" -H "$BEARER"
  expect 200 '"kind":"PodList"' '"phase":"Running"'
  [[ $BODY =~ \"name\":\"(by-curl-[a-z0-9]+-[a-z0-9]+)\" ]]; POD=${BASH_REMATCH[1]}
  curl "$API/api/v1/namespaces/default/pods/$POD/log?container=kube-apiserver&tailLines=5" -H "$BEARER"
  [[ $STATUS == 404* ]] || break
done
expect 200 'Content-Type: text/plain'
curl "$API/api/v1/namespaces/default/pods/$POD/log" -H "$BEARER"
expect 400 "a container name must be specified for pod $POD, choose one of: ["
curl "$API/api/v1/namespaces/default/services" -H "$BEARER"
expect 200 '"kind":"ServiceList"' '"name":"by-curl"' '"type":"LoadBalancer"' '"port":6443' '"port":8132'
curl "$API/api/v1/nodes" -H "$BEARER"
expect 200 '"kind":"NodeList"' '"type":"Ready"' '"kubeletVersion":"v1.'
curl "$API/api/v1/namespaces/default/events?limit=5" -H "$BEARER"
expect 200 '"kind":"EventList"'
curl "$API/apis/kamaji.clastix.io/v1alpha1/datastores" -H "$BEARER"
expect 200 '"kind":"DataStoreList"' '"name":"default"' '"driver":"etcd"' '"usedBy":[' '"default/by-curl"'

# ── The tenant's own API, with what its kubeconfig holds ──────────────────────────────────────────────────────────
curl "$API/api/v1/namespaces/default/secrets/by-curl-admin-kubeconfig" -H "$BEARER"
expect 200 '"admin.conf":"' '"super-admin.conf":"'
answer 'admin\.conf' | base64 -d >"$scratch/admin.conf"
for part in certificate-authority-data:ca client-certificate-data:crt client-key-data:key; do
  sed -n "s/^ *${part%:*}: //p" "$scratch/admin.conf" | base64 -d >"$scratch/tenant.${part#*:}"
done
TENANT=$(sed -n 's/^ *server: //p' "$scratch/admin.conf")
curl --cacert "$scratch/tenant.ca" --cert "$scratch/tenant.crt" --key "$scratch/tenant.key" "$TENANT/version"
expect 200 '"gitVersion": "v1.34.0"'
curl --cacert "$scratch/tenant.ca" --cert "$scratch/tenant.crt" --key "$scratch/tenant.key" "$TENANT/api/v1/namespaces"
expect 200 '"name":"kube-system"'

# ── Upgrade, and Kamaji's refusals ────────────────────────────────────────────────────────────────────────────────
refusal='admission webhook \"vtenantcontrolplane.kb.io\" denied the request: '
curl -X PATCH "$TCPS/by-curl" -H "$BEARER" -H "$MERGE" -d '{"spec":{"kubernetes":{"version":"v1.33.0"}}}'
expect '403 Forbidden' "${refusal}unable to downgrade a TenantControlPlane from 1.34.0 to 1.33.0"
curl -X PATCH "$TCPS/by-curl" -H "$BEARER" -H "$MERGE" -d '{"spec":{"kubernetes":{"version":"v1.36.0"}}}'
expect 403 "${refusal}unable to upgrade to a minor version in a non-sequential mode"
curl -X PATCH "$TCPS/by-curl" -H "$BEARER" -H "$MERGE" -d '{"spec":{"kubernetes":{"version":"v1.99.0"}}}'
expect 403 "${refusal}unable to upgrade to a version greater than the supported one (v1.36)"
curl -X PATCH "$TCPS/by-curl" -H "$BEARER" -H "$MERGE" -d '{"spec":{"kubernetes":{"version":"v1.35.2"}}}'
expect 200 '"version":"v1.35.2"'
until_answer 60 '"status":"Ready","version":"v1.35.2"' curl "$TCPS/by-curl" -H "$BEARER"

# ── Through a running `kubectl proxy`, without a token ────────────────────────────────────────────────────────────
kubectl proxy --port=0 >"$scratch/proxy" 2>&1 &
PROXY_PID=$!
trap 'kill $PROXY_PID 2>/dev/null; rm -rf "$scratch"' EXIT
for _ in $(seq 1800); do [[ $(<"$scratch/proxy") == *'Starting to serve on'* ]] && break; sleep 0.1; done
PROXY=http://$(sed -n 's/^Starting to serve on //p' "$scratch/proxy")
curl -X POST "$PROXY/apis/kamaji.clastix.io/v1alpha1/namespaces/default/tenantcontrolplanes" -H "$YAML" --data-binary "@$scratch/by-proxy.yaml"
expect '201 Created' '"name":"by-proxy"'
until_answer 60 '"finalizer.kamaji.clastix.io"' curl "$PROXY/apis/kamaji.clastix.io/v1alpha1/namespaces/default/tenantcontrolplanes/by-proxy"
expect 200 '"name":"by-proxy"'
curl "$PROXY/api/v1/namespaces/default/pods" -H 'Host: elsewhere.example'
expect 403
curl -X DELETE "$PROXY/apis/kamaji.clastix.io/v1alpha1/namespaces/default/tenantcontrolplanes/by-proxy"
expect 200 '"deletionTimestamp":"'

# ── Delete ────────────────────────────────────────────────────────────────────────────────────────────────────────
curl -X DELETE "$TCPS/by-curl" -H "$BEARER"
expect 200 '"deletionTimestamp":"'
until_answer 60 '"reason":"NotFound"' curl "$TCPS/by-curl" -H "$BEARER"
expect '404 Not Found'
curl -X DELETE "$TCPS/by-curl" -H "$BEARER"
expect 404 '"message":"tenantcontrolplanes.kamaji.clastix.io \"by-curl\" not found"'
curl "$API/api/v1/namespaces/kube-system/configmaps" -H "$BEARER"
expect '403 Forbidden' 'configmaps is forbidden: User \"system:serviceaccount:kube-system:api-access\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"kube-system\"'

finish
