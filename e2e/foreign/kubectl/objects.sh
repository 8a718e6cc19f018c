#!/usr/bin/env bash
# Every way of kubectl to read, make, change and remove objects, against the management cluster.
source "$(dirname "${BASH_SOURCE[0]}")/kubectl.sh" || exit 2
cd "$scratch" || exit 2
sed 's/tenant-test/plane/; s/serviceType: LoadBalancer/serviceType: ClusterIP/' "${TENANT_TEST:?}" >plane.yaml

# ── create: each imperative form sends protobuf ───────────────────────────────────────────────────────────────────
kubectl create namespace work
expect 0 'namespace/work created'
work() { kubectl -n work "$@"; }
work create configmap settings --from-literal=colour=red --from-file=manifest=plane.yaml
expect 0 'configmap/settings created'
work create secret generic keys --from-literal=a=b
expect 0 'secret/keys created'
work create secret docker-registry pull --docker-server=r.example --docker-username=u --docker-password=p
expect 0 'secret/pull created'
work create serviceaccount robot
expect 0 'serviceaccount/robot created'
work create role reader --verb=get,list --resource=pods,tenantcontrolplanes.kamaji.clastix.io
expect 0 'role.rbac.authorization.k8s.io/reader created'
work create rolebinding readers --role=reader --serviceaccount=work:robot
expect 0 'rolebinding.rbac.authorization.k8s.io/readers created'
kubectl create clusterrole seer --verb=get --resource=nodes
expect 0 'clusterrole.rbac.authorization.k8s.io/seer created'
kubectl create clusterrolebinding seers --clusterrole=seer --group=seers
expect 0 'clusterrolebinding.rbac.authorization.k8s.io/seers created'
work create deployment web --image=nginx:1.27 --replicas=2 --port=80
expect 0 'deployment.apps/web created'
work create quota few --hard=pods=20
expect 0 'resourcequota/few created'
work create job once --image=busybox -- true
expect 0 'job.batch/once created'
work create service clusterip plain --tcp=80:8080
expect 0 'service/plain created'
work create cronjob often --image=busybox --schedule='*/5 * * * *' -- true
expect 0 'cronjob.batch/often created'
work create poddisruptionbudget budget --selector=app=web --min-available=1
expect 0 'poddisruptionbudget.policy/budget created'
kubectl create priorityclass urgent --value=5
expect 0 'priorityclass.scheduling.k8s.io/urgent created'
if younger 19; then
  work create ingress front --rule=a.example/=plain:80
  expect 0 'ingress.networking.k8s.io/front created'
fi
work create configmap dry --dry-run=server -o yaml
expect 0 'kind: ConfigMap' 'uid: '
work create secret tls cert --cert=nosuch --key=nosuch
expect 1 'nosuch: no such file or directory'
kubectl create namespace work
expect 1 'namespaces "work" already exists'
work create -f plane.yaml
expect 0 'tenantcontrolplane.kamaji.clastix.io/plane created'
sed 's/^spec:/spec:\n  nonsense: 1/; s/name: plane/name: other/' plane.yaml >nonsense.yaml
work create -f nonsense.yaml
expect 1 'nonsense'
if younger 24; then
  work create token robot --duration=10m
  expect 0 'eyJ'
  work create token robot --duration=1m
  expect 1 'may not specify a duration less than 10 minutes'
fi

# ── get: tables and all other forms, selectors, pages, categories ─────────────────────────────────────────────────
work get deployments
expect 0 'NAME' 'READY' 'UP-TO-DATE' 'AVAILABLE' 'AGE' 'web'
work get deployments -o wide
expect 0 'CONTAINERS' 'IMAGES' 'SELECTOR' 'nginx:1.27' 'app=web'
work get secret keys
expect 0 'Opaque' 'NAME' 'TYPE' 'DATA'
work get secret keys -o 'jsonpath={.data.a}'
expect 0 'Yg=='
work get configmap settings -o yaml
expect 0 'kind: ConfigMap' 'colour: red'
younger 21 && expect 0 '!managedFields'
work get configmap settings -o json --show-managed-fields
younger 21 && expect 0 '"manager": "kubectl-create"'
work get tcp -o name
expect 0 'tenantcontrolplane.kamaji.clastix.io/plane'
work get tcp -o custom-columns=N:.metadata.name,V:.spec.kubernetes.version --no-headers
expect 0 'plane   v1.30.0'
work get tcp,configmaps,sa
expect 0 'tenantcontrolplane.kamaji.clastix.io/plane' 'configmap/settings' 'serviceaccount/robot'
work get kamaji
expect 0 'plane'
work get all
expect 0 'deployment.apps/web' 'service/plain' 'job.batch/once'
kubectl get pods -A
expect 0 'NAMESPACE' 'work'
kubectl get namespaces --sort-by=.metadata.name
expect 0 'kube-system' 'work'
kubectl get namespaces --chunk-size=1 -o name
expect 0 'namespace/default' 'namespace/kube-public' 'namespace/kube-system' 'namespace/work'
work get configmaps -l 'nosuch in (a,b)'
expect 0 'No resources found in work namespace.'
work get configmaps --field-selector metadata.name=settings -o name
expect 0 'configmap/settings' '!kube-root-ca'
kubectl get nodes --show-labels
expect 0 'kubernetes.io/os=linux' 'Ready'
kubectl get nodes -L kubernetes.io/os
expect 0 'OS' 'linux'
work get configmap nosuch
expect 1 'Error from server (NotFound): configmaps "nosuch" not found'
work get configmap nosuch --ignore-not-found
expect 0
kubectl get nosuchkind
expect 1 'error: the server doesn'"'"'t have a resource type "nosuchkind"'
kubectl get --raw '/readyz?verbose'
expect 0
kubectl get --raw /apis/kamaji.clastix.io/v1alpha1
expect 0 '"kind":"APIResourceList"' '"name":"tenantcontrolplanes/scale"'
command kubectl -n work get configmaps -w -o name >watched 2>/dev/null &
WATCHER=$!
for _ in $(seq 1800); do [[ -s watched ]] && break; sleep 0.1; done
work create configmap seen
for _ in $(seq 1800); do [[ $(<watched) == *configmap/seen* ]] && break; sleep 0.1; done
kill "$WATCHER"
wait "$WATCHER" 2>/dev/null
[[ $(<watched) == *configmap/seen* ]] || complain 'a watch does not see what is made'
# The time that they are given is that of each request, so that on a slow machine a short one is over before there is a watch.
for seconds in 2 20 100; do
  work get configmap seen -w -o name --request-timeout=${seconds}s
  [[ $STATUS == 0 ]] && break
done
expect 0 'configmap/seen'
for seconds in 1 10 100; do
  work get configmaps -w --watch-only --output-watch-events --request-timeout=${seconds}s
  [[ $STATUS == 0 ]] && break
done
younger 16 && expect 0 '!seen'
work create configmap seen
expect 1 'error: failed to create configmap: configmaps "seen" already exists'

# ── apply: as the client computes it, as the server does, dry, and its difference ─────────────────────────────────
work apply -f plane.yaml
expect 0 'tenantcontrolplane.kamaji.clastix.io/plane configured'
work apply -f plane.yaml
expect 0 'unchanged'
sed -i 's/replicas: 2/replicas: 3/' plane.yaml
work diff -f plane.yaml
expect 1 '-      replicas: 2' '+      replicas: 3'
work diff --server-side --force-conflicts -f plane.yaml
expect 1 '-      replicas: 2' '+      replicas: 3'
work apply view-last-applied tcp plane
expect 0 'replicas: 2'
work apply -f plane.yaml --dry-run=server
expect 0 'configured (server dry run)'
work get tcp plane -o 'jsonpath={.spec.controlPlane.deployment.replicas}'
expect 0 2
work apply -f plane.yaml
expect 0 'plane configured'
cat >web.yaml <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: { name: applied, labels: { app: applied } }
spec:
  replicas: 1
  selector: { matchLabels: { app: applied } }
  template:
    metadata: { labels: { app: applied } }
    spec:
      containers:
        - { name: one, image: 'nginx:1.27', env: [{ name: A, value: b }] }
        - { name: two, image: 'nginx:1.27' }
YAML
work apply -f web.yaml
expect 0 'deployment.apps/applied created'
sed -i '/name: two/d; s/value: b/value: c/' web.yaml
work apply -f web.yaml
expect 0 'deployment.apps/applied configured'
work get deployment applied -o 'jsonpath={.spec.template.spec.containers[*].name} {.spec.template.spec.containers[0].env[0].value}'
expect 0 'one c' '!two'
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: shared }\ndata: { a: "1" }\n' >shared.yaml
work apply --server-side -f shared.yaml
expect 0 'configmap/shared serverside-applied'
sed -i 's/"1"/"2"/' shared.yaml
work apply --server-side --field-manager=other -f shared.yaml
expect 1 'Apply failed with 1 conflict: conflict with "kubectl": .data.a'
work apply --server-side --field-manager=other --force-conflicts -f shared.yaml
expect 0 'configmap/shared serverside-applied'
work apply --server-side --force-conflicts -f web.yaml
expect 0 'deployment.apps/applied serverside-applied'
work apply --server-side --dry-run=server -f shared.yaml
expect 0 'configmap/shared serverside-applied (server dry run)'
work diff -f shared.yaml
expect 0
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: kept, labels: { set: one } }\n' >kept.yaml
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: gone, labels: { set: one } }\n' >gone.yaml
work apply -f kept.yaml -f gone.yaml
expect 0 'configmap/kept created' 'configmap/gone created'
work apply -f kept.yaml --prune -l set=one --prune-allowlist=core/v1/ConfigMap
younger 26 && expect 0 'configmap/kept unchanged' 'configmap/gone pruned'

# ── patch, label, annotate, edit, replace, set ────────────────────────────────────────────────────────────────────
work patch tcp plane -p '{"metadata":{"labels":{"a":"b"}}}'
expect 1 'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json'
work patch tcp plane --type=merge -p '{"metadata":{"labels":{"a":"b"}}}'
expect 0 'plane patched'
work patch tcp plane --type=merge -p '{"metadata":{"labels":{"a":"b"}}}'
expect 0 'plane patched (no change)'
work patch deployment web -p '{"spec":{"template":{"spec":{"containers":[{"name":"nginx","env":[{"name":"A","value":"b"}]}]}}}}'
expect 0 'deployment.apps/web patched'
work patch configmap settings --type=json -p '[{"op":"replace","path":"/data/colour","value":"blue"}]'
expect 0 'patched'
if younger 24; then
  work patch deployment web --subresource=status --type=merge -p '{"status":{"observedGeneration":1}}'
  expect 0 'patched'
fi
work label configmap settings team=fire
expect 0 'configmap/settings labeled'
work label configmap settings team=water
expect 1 "already has a value (fire), and --overwrite is false"
work label configmap settings team-
expect 0
work annotate tcp plane note='by hand'
expect 0 'plane annotated'
KUBE_EDITOR='sed -i s/blue/green/' work edit configmap settings
expect 0 'configmap/settings edited'
KUBE_EDITOR=true work edit configmap settings
expect 0 'Edit cancelled, no changes made.'
command kubectl -n work get configmap settings -o json >settings.json
work replace -f settings.json
expect 0 'configmap/settings replaced'
work replace --force -f settings.json
expect 0 'configmap "settings" deleted' 'configmap/settings replaced'
work set image deployment/web nginx=nginx:1.28
expect 0 'deployment.apps/web image updated'
work set env deployment/web B=c
expect 0 'deployment.apps/web env updated'
work set resources deployment/web --requests=cpu=100m
expect 0 'deployment.apps/web resource requirements updated'
work set serviceaccount deployment/web robot
expect 0 'deployment.apps/web serviceaccount updated'
work patch configmap settings --type=json -p '[{"op":"test","path":"/data/colour","value":"black"}]'
expect 1 'The request is invalid: the server rejected our request due to an error in our request'

# ── port-forward: to the API server of a control plane, through a WebSocket and through SPDY alone ─────────────────
until_answer 60 Ready kubectl -n work get tcp plane -o 'jsonpath={.status.kubernetesResources.version.status}'
for websockets in true false; do
  : >forwarded
  KUBECTL_PORT_FORWARD_WEBSOCKETS=$websockets command kubectl -n work port-forward deployment/plane :6443 :10257 >forwarded 2>&1 &
  FORWARDER=$!
  for _ in $(seq 1800); do [[ $(<forwarded) == *'-> 10257'* ]] && break; sleep 0.1; done
  local_port() { sed -n "s/Forwarding from 127.0.0.1:\([0-9]*\) -> $1/\1/p" forwarded | head -n 1; }
  for _ in 1 2; do
    [[ $(command curl -sk --max-time 300 "https://127.0.0.1:$(local_port 6443)/version") == *'"gitVersion": "v1.30.0"'* ]] ||
      complain "port-forward does not reach the control plane: $(<forwarded)"
  done
  command curl -sk --max-time 300 "https://127.0.0.1:$(local_port 10257)/" && complain 'something answers at a port at which nothing listens'
  for _ in $(seq 1800); do [[ $(<forwarded) == *'error forwarding port 10257'* ]] && break; sleep 0.1; done
  [[ $(<forwarded) == *'dial tcp4 127.0.0.1:10257: connect: connection refused'* ]] ||
    complain "port-forward does not say that nothing listens: $(<forwarded)"
  kill "$FORWARDER"
  wait "$FORWARDER" 2>/dev/null
done

# ── delete ────────────────────────────────────────────────────────────────────────────────────────────────────────
work delete configmap seen --cascade=foreground
expect 0 'configmap "seen" deleted'
work label secret keys pull gone=yes
work delete secrets -l gone=yes
expect 0 'secret "keys" deleted' 'secret "pull" deleted'
work delete deployment applied --wait=false
expect 0 'deployment.apps "applied" deleted'
work delete jobs --all --timeout=600s
expect 0 'job.batch "once" deleted'
work delete tcp plane --timeout=600s
expect 0 'tenantcontrolplane.kamaji.clastix.io "plane" deleted'
work delete deployment web --cascade=orphan
expect 0 'deployment.apps "web" deleted'
kubectl delete --raw /api/v1/namespaces/default/configmaps/nosuch
expect 1 'Error from server (NotFound): configmaps "nosuch" not found'
kubectl delete namespace default
expect 1 'namespaces "default" is forbidden: this namespace may not be deleted'
kubectl delete priorityclass urgent
expect 0 'priorityclass.scheduling.k8s.io "urgent" deleted'
work delete configmap nosuch
expect 1 'Error from server (NotFound): configmaps "nosuch" not found'
kubectl delete clusterrole,clusterrolebinding -l nosuch=yes
expect 0 'No resources found'
kubectl delete clusterrole/seer clusterrolebinding/seers
expect 0
kubectl delete namespace work --timeout=600s
expect 0 'namespace "work" deleted'
finish
