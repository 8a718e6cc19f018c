#!/usr/bin/env bash
# What bad input gets from the API server of the management cluster and from Kamaji's webhooks, as literal requests.
source "$(dirname "${BASH_SOURCE[0]}")/kubernetes.sh" || exit 2
CONFIGS=$API/api/v1/namespaces/refusals/configmaps
curl -H "$ADMIN" -X POST "$API/api/v1/namespaces" -H "$YAML" -d '{apiVersion: v1, kind: Namespace, metadata: {name: refusals}}'
expect 201
curl -H "$ADMIN" -X POST "$CONFIGS" -H "$JSON" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"base"},"data":{"a":"1"}}'
expect 201

# `edited EXPRESSION`: the documentation's TenantControlPlane, changed by sed.
edited() { manifest refused | sed "$1" >"$scratch/edited.yaml"; }
create() { curl -H "$ADMIN" -X POST "$TCPS" -H "$YAML" --data-binary "@$scratch/edited.yaml"; }

# ── A TenantControlPlane whose values are wrong ───────────────────────────────────────────────────────────────────
edited 's/replicas: 2/replicas: two/'; create
expect '500 Internal Server Error' 'admission webhook \"mtenantcontrolplane.kb.io\" denied the request: unable to decode into *v1alpha1.TenantControlPlane: json: cannot unmarshal string into Go struct field'
edited 's/serviceType: LoadBalancer/serviceType: Ingress/'; create
expect '422 Unprocessable Entity' '"reason":"Invalid"' 'spec.controlPlane.service.serviceType: Unsupported value: \"Ingress\": supported values: \"ClusterIP\", \"NodePort\", \"LoadBalancer\"'
edited '/serviceType/d; s/service:/service: {}/'; create
expect 422 'spec.controlPlane.service.serviceType: Required value'
edited 's/version: "v1.34.0"/version: "v1.99.0"/'; create
expect '403 Forbidden' '"reason":"Forbidden"' 'admission webhook \"vtenantcontrolplane.kb.io\" denied the request: unable to create a TenantControlPlane with a Kubernetes version greater than the supported one, actually v1.36'
edited 's/version: "v1.34.0"/version: "latest"/'; create
expect 403 'denied the request: unable to parse the desired Kubernetes version: '
edited 's/name: refused/name: 1refused/'; create
expect 403 'denied the request: the provided name is invalid, a DNS-1035 label must consist of lower case alphanumeric characters'
edited 's/name: refused/name: Refused/'; create
expect 422 'metadata.name: Invalid value: \"Refused\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters'
edited 's/port: 6443/certSANs: ["foo bar"]/'; create
expect 403 'spec.networkProfile.certSANs: Invalid value: \"foo bar\": altname is not a valid IP address, DNS label or a DNS label with subdomain wildcards'
edited 's/port: 6443/serviceCidr: nonsense/'; create
expect 403 'cannot define resulting DNS Service IP: invalid CIDR address: nonsense'
edited 's/port: 6443/podCidr: nonsense/'; create
expect 422 'spec.networkProfile.podCidr: Invalid value: \"nonsense\"'
edited 's/^spec:/spec:\n  dataStore: nosuch/'; create
expect 403 'denied the request: nosuch DataStore does not exist'
edited 's/serviceType: LoadBalancer/serviceType: ClusterIP/; s/port: 6443/loadBalancerClass: mine/'; create
expect 422 'LoadBalancerClass is supported only with LoadBalancer service type'

# ── A change of a TenantControlPlane that Kamaji does not take, and of what belongs to it ──────────────────────────
manifest changing >"$scratch/changing.yaml"
curl -H "$ADMIN" -X POST "$TCPS" -H "$YAML" --data-binary "@$scratch/changing.yaml"
expect 201
change() { curl -H "$ADMIN" -X PATCH "$TCPS/changing" -H "$MERGE" -d "$1"; }
change '{"spec":{"dataStore":null}}'
expect 422 'spec: Invalid value: unsetting the dataStore is not supported'
change '{"spec":{"networkProfile":{"clusterDomain":"x.y"}}}'
expect 422 'spec.networkProfile.clusterDomain: Invalid value: \"x.y\": changing the cluster domain is not supported'
change '{"spec":{"networkProfile":{"loadBalancerClass":"late.test/lb"}}}'
expect 422 'spec: Invalid value: LoadBalancerClass cannot be set or unset at runtime'
change '{"spec":{"controlPlane":{"deployment":{"replicas":-1}}}}'
expect 422 '.spec.controlPlane.deployment.replicas: Invalid value: -1: should be a non-negative integer'
change '{"spec":{"controlPlane":{"ingress":{"hostname":"a.test"},"gateway":{"hostname":"a.test"}}}}'
expect 422 'spec.controlPlane: Invalid value: using both ingress and gateway is not supported'
change '{"spec":{"kubernetes":{"version":"v1.35"}}}'
expect 403 'denied the request: unable to parse the desired Kubernetes version: No Major.Minor.Patch elements found'
change '{"metadata":{"uid":"x"}}'
expect 422 'metadata.uid: Invalid value: \"x\": field is immutable'
change '{'
expect 400 'error decoding patch: unexpected end of JSON input'
curl -H "$ADMIN" -X PATCH "$TCPS/changing/scale" -H "$MERGE" -d '{"spec":{"replicas":-1}}'
expect 422 '.spec.controlPlane.deployment.replicas: Invalid value: -1: should be a non-negative integer'
curl -H "$ADMIN" -X PATCH "$TCPS/changing/status" -H "$MERGE" -d '{"status":{"kubernetesResources":{"version":{"status":"Foo"}}}}'
expect 422 'status.kubernetesResources.version.status: Unsupported value: \"Foo\": supported values: \"Unknown\", \"Provisioning\"'
curl -H "$ADMIN" -X POST "$API/apis/kamaji.clastix.io/v1alpha1/datastores" -H "$YAML" \
  -d '{apiVersion: kamaji.clastix.io/v1alpha1, kind: DataStore, metadata: {name: bad}, spec: {driver: sqlite, endpoints: ["a:1"]}}'
expect 422 'spec.driver: Unsupported value: \"sqlite\": supported values: \"etcd\", \"MySQL\", \"PostgreSQL\", \"NATS\"'
curl -H "$ADMIN" -X DELETE "$TCPS/changing"
expect 200
curl -H "$ADMIN" -X POST "$API/apis/kamaji.clastix.io/v1alpha1/tenantcontrolplanes" -H "$YAML" --data-binary "@$scratch/changing.yaml"
expect 404 '404 page not found'

# ── Unknown fields: dropped with a warning, or refused when that is asked for ─────────────────────────────────────
edited 's/^spec:/spec:\n  replicas: 3/'
curl -H "$ADMIN" -X POST "$TCPS?dryRun=All" -H "$YAML" --data-binary "@$scratch/edited.yaml"
expect 201 'Warning: 299 - "unknown field \"spec.replicas\""'
curl -H "$ADMIN" -X POST "$TCPS?fieldValidation=Strict" -H "$YAML" --data-binary "@$scratch/edited.yaml"
expect '400 Bad Request' 'strict decoding error: unknown field \"spec.replicas\"'
curl -H "$ADMIN" -X PATCH "$TCPS/refused?fieldManager=me" -H "$APPLY" -d '{"apiVersion":"kamaji.clastix.io/v1alpha1","kind":"TenantControlPlane","metadata":{"name":"refused"},"spec":{"nosuch":1}}'
expect 500 'failed to create typed patch object' '.spec.nosuch: field not declared in schema'
curl -H "$ADMIN" -X PATCH "$TCPS/refused" -H "$APPLY" -d '{}'
expect 422 'fieldManager: Required value: is required for apply patch'

# ── Malformed JSON and YAML ───────────────────────────────────────────────────────────────────────────────────────
curl -H "$ADMIN" -X POST "$CONFIGS" -H "$JSON" -d '{bad'
expect '400 Bad Request' '"reason":"BadRequest"' "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: invalid character 'b' looking for beginning of object key string ({bad)"
curl -H "$ADMIN" -X POST "$CONFIGS" -H "$JSON" -d ''
expect 400 "couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)"
curl -H "$ADMIN" -X POST "$CONFIGS" -H "$YAML" -d 'a: ['
expect 400 'the object provided is unrecognized (must be of type ConfigMap): yaml: line 1: did not find expected node content (613a205b)'
curl -H "$ADMIN" -X POST "$CONFIGS" -H "$JSON" -d '{}'
expect 422 'ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required'
curl -H "$ADMIN" -X POST "$CONFIGS" -H "$JSON" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":5}}'
expect 400 'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string'
curl -H "$ADMIN" -X POST "$CONFIGS" -H "$JSON" -d '{"apiVersion":"v1","kind":"Nosuch","metadata":{"name":"x"}}'
expect 400 'Nosuch in version \"v1\" cannot be handled as a ConfigMap: no kind \"Nosuch\" is registered for version \"v1\"'
curl -H "$ADMIN" -X POST "$API/apis/apps/v1/namespaces/refusals/deployments" -H "$JSON" -d '{"apiVersion":"extensions/v1beta1","kind":"Deployment","metadata":{"name":"x"}}'
expect 400 'the API version in the data (extensions/v1beta1) does not match the expected API version (apps/v1)'
curl -H "$ADMIN" -X PATCH "$CONFIGS/base" -H "$JSON_PATCH" -d '[{"op":"test","path":"/data/a","value":"2"}]'
expect 422 'the server rejected our request due to an error in our request'
curl -H "$ADMIN" -X PATCH "$CONFIGS/base" -H "$MERGE" -d '[1]'
expect 400

# ── A wrong content type, an oversized body ───────────────────────────────────────────────────────────────────────
curl -H "$ADMIN" -X POST "$CONFIGS" -H 'Content-Type: text/plain' -d 'hello'
expect '415 Unsupported Media Type' '"reason":"UnsupportedMediaType"' 'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf'
curl -H "$ADMIN" -X PATCH "$CONFIGS/base" -H "$JSON" -d '{}'
expect 415 '415: Unsupported Media Type'
curl -H "$ADMIN" "$CONFIGS" -H 'Accept: text/html'
expect '406 Not Acceptable' '"reason":"NotAcceptable"' '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf'
{ printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"large"},"data":{"a":"'; head -c 3200000 /dev/zero | tr '\0' x; printf '"}}'; } >"$scratch/large.json"
curl -H "$ADMIN" -X POST "$CONFIGS" -H "$JSON" --data-binary "@$scratch/large.json"
expect '413 Request Entity Too Large' '"reason":"RequestEntityTooLarge"' 'Request entity too large: limit is 3145728'

# ── No permission, no credentials, no such object, no such call ───────────────────────────────────────────────────
curl "$CONFIGS"
expect '403 Forbidden' 'configmaps is forbidden: User \"system:anonymous\" cannot list resource \"configmaps\"'
curl -H 'Authorization: Bearer nonsense' "$CONFIGS"
expect '401 Unauthorized' '"reason":"Unauthorized"'
curl -H "$ADMIN" -H 'Impersonate-User: eve' "$CONFIGS"
expect '403 Forbidden' 'configmaps is forbidden: User \"eve\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"refusals\"'
curl -H "$ADMIN" -H 'Impersonate-User: eve' -X DELETE "$TCPS/refused"
expect 403 'tenantcontrolplanes.kamaji.clastix.io \"refused\" is forbidden: User \"eve\" cannot delete resource \"tenantcontrolplanes\" in API group \"kamaji.clastix.io\" in the namespace \"default\"'
curl -H "$ADMIN" "$CONFIGS/nosuch"
expect '404 Not Found' '"message":"configmaps \"nosuch\" not found"' '"reason":"NotFound"' '"details":{"name":"nosuch","kind":"configmaps"}'
curl -H "$ADMIN" -X POST "$API/api/v1/namespaces/nosuch/configmaps" -H "$JSON" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}'
expect 404 'namespaces \"nosuch\" not found'
curl -H "$ADMIN" "$API/api/v1/nosuch"
expect 404 'the server could not find the requested resource'
curl -H "$ADMIN" "$API/apis/nosuch.example/v1/things"
expect 404 '404 page not found' '!"kind"'
curl -H "$ADMIN" -X POST "$CONFIGS/base" -H "$JSON" -d '{}'
expect '405 Method Not Allowed' 'the server does not allow this method on the requested resource'

# ── Names, versions and parameters that do not fit ────────────────────────────────────────────────────────────────
curl -H "$ADMIN" -X PUT "$CONFIGS/base" -H "$JSON" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"other"}}'
expect 400 'the name of the object (other) does not match the name on the URL (base)'
curl -H "$ADMIN" -X PUT "$CONFIGS/base" -H "$JSON" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"base","resourceVersion":"1"}}'
expect 409 'Operation cannot be fulfilled on configmaps \"base\": the object has been modified; please apply your changes to the latest version and try again'
curl -H "$ADMIN" -X POST "$CONFIGS" -H "$JSON" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","namespace":"default"}}'
expect 400 'the namespace of the provided object does not match the namespace sent on the request'
curl -H "$ADMIN" -X POST "$CONFIGS" -H "$JSON" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","resourceVersion":"5"}}'
expect 500 'resourceVersion should not be set on objects to be created'
curl -H "$ADMIN" "$CONFIGS?labelSelector=a%3D%3D%3Db"
expect 400 "unable to parse requirement: found '=', expected: identifier"
curl -H "$ADMIN" "$CONFIGS?fieldSelector=spec.x%3D1"
expect 400
curl -H "$ADMIN" "$CONFIGS?resourceVersion=abc"
expect 400 'invalid resource version: resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax'
curl -H "$ADMIN" "$CONFIGS?continue=abc"
expect 400 'invalid continue token'
curl -H "$ADMIN" "$CONFIGS?watch=true&sendInitialEvents=true"
expect 422 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'
curl -H "$ADMIN" -X DELETE "$CONFIGS/base?propagationPolicy=Foo"
expect 422 'propagationPolicy: Unsupported value: \"Foo\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"'
curl -H "$ADMIN" -X DELETE "$CONFIGS/base" -H "$JSON" -d '{"preconditions":{"uid":"00000000-0000-0000-0000-000000000000"}}'
expect 409 'the UID in the precondition (00000000-0000-0000-0000-000000000000) does not match the UID in record'
curl -H "$ADMIN" -X POST "$API/api/v1/namespaces/default/serviceaccounts/default/token" -H "$JSON" -d '{"spec":{"expirationSeconds":60}}'
expect 422 'spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes'
curl -H "$ADMIN" -X DELETE "$API/api/v1/namespaces/default"
expect 403 'this namespace may not be deleted'

curl -H "$ADMIN" -X DELETE "$API/api/v1/namespaces/refusals"
expect 200 '"phase":"Terminating"'
finish
