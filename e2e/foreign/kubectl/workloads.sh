#!/usr/bin/env bash
# What kubectl does with workloads and nodes, how it waits, tells and asks about rights, against the management cluster.
source "$(dirname "${BASH_SOURCE[0]}")/kubectl.sh" || exit 2
cd "$scratch" || exit 2

# ── What the server is ────────────────────────────────────────────────────────────────────────────────────────────
kubectl version -o json
expect 0 '"serverVersion"' '"gitVersion": "v1.'
kubectl cluster-info
expect 0 'is running at'
kubectl api-versions
expect 0 'kamaji.clastix.io/v1alpha1' 'apps/v1' 'rbac.authorization.k8s.io/v1'
kubectl api-resources --api-group=kamaji.clastix.io
expect 0 'tenantcontrolplanes' 'tcp' 'datastores' 'true' 'TenantControlPlane'
kubectl explain tenantcontrolplane.spec.kubernetes.version
expect 0 'TenantControlPlane' 'string'
kubectl explain deployment.spec.replicas
expect 0 'integer'
kubectl explain deployment.spec.strategy --recursive
expect 0 'rollingUpdate' 'maxSurge' '<IntOrString>'
kubectl explain tcp --api-version=kamaji.clastix.io/v1alpha1 --recursive
expect 0 'networkProfile' 'kubernetes'
kubectl explain nosuch
expect 1 "the server doesn't have a resource type \"nosuch\""
kubectl explain pod.spec.nosuch
expect 1 'field "nosuch" does not exist'

# ── scale, rollout, wait ──────────────────────────────────────────────────────────────────────────────────────────
kubectl create namespace loads
kubectl -n loads create deployment web --image=nginx:1.27
expect 0
kubectl -n loads rollout status deployment/web --timeout=600s
expect 0 'deployment "web" successfully rolled out'
kubectl -n loads wait --for=condition=Available deployment/web --timeout=600s
expect 0 'deployment.apps/web condition met'
kubectl -n loads scale deployment/web --replicas=3
expect 0 'deployment.apps/web scaled'
kubectl -n loads scale deployment/web --replicas=1 --current-replicas=2
expect 1 'Expected replicas to be 2, was 3'
kubectl -n loads scale deployment/web --replicas=2 --current-replicas=3
expect 0 'deployment.apps/web scaled'
kubectl -n loads autoscale deployment/web --min=1 --max=3
expect 0 'horizontalpodautoscaler.autoscaling/web autoscaled'
kubectl -n loads set image deployment/web nginx=nginx:1.28
kubectl -n loads rollout status deployment/web --timeout=600s
expect 0 'successfully rolled out'
kubectl -n loads rollout history deployment/web
expect 0 'REVISION' '1' '2'
kubectl -n loads rollout history deployment/web --revision=2
expect 0 'nginx:1.28'
kubectl -n loads rollout status deployment/web --watch=false
expect 0 'successfully rolled out'
kubectl -n loads rollout undo deployment/web
expect 0 'deployment.apps/web rolled back'
kubectl -n loads rollout restart deployment/web
expect 0 'deployment.apps/web restarted'
kubectl -n loads rollout pause deployment/web
expect 0 'deployment.apps/web paused'
kubectl -n loads rollout resume deployment/web
expect 0 'deployment.apps/web resumed'
if younger 23; then
  kubectl -n loads wait --for='jsonpath={.status.readyReplicas}=2' deployment/web --timeout=600s
  expect 0 'condition met'
fi
kubectl -n loads wait --for=condition=Nosuch deployment/web --timeout=1s
expect 1 'timed out waiting for the condition on deployments/web'
kubectl -n loads wait --for=condition=Available deployment --all --timeout=600s
expect 0 'deployment.apps/web condition met'
if younger 31; then
  (sleep 1; command kubectl -n loads create configmap later >/dev/null) &
  kubectl -n loads wait --for=create configmap/later --timeout=600s
  expect 0 'configmap/later condition met'
fi
if younger 27; then
  # Older ones fail if it is gone before they look.
  (sleep 0.5; command kubectl -n loads delete hpa web >/dev/null) &
  kubectl -n loads wait --for=delete hpa/web --timeout=600s
  expect 0
fi

# ── run, expose, logs, and what needs a program in a pod ──────────────────────────────────────────────────────────
kubectl -n loads run alone --image=nginx:1.27 --port=80 --labels=app=alone
expect 0 'pod/alone created'
kubectl -n loads wait --for=condition=Ready pod/alone --timeout=600s
expect 0 'pod/alone condition met'
kubectl -n loads expose pod alone --port=8080 --target-port=80
expect 0 'service/alone exposed'
until_answer 60 ':80' kubectl -n loads get endpoints alone
expect 0 ':80'
kubectl -n loads logs alone --tail=5 --timestamps
expect 0
# The pods that there are then stay: the rollout is over, and who went is gone.
kubectl -n loads rollout status deployment/web --timeout=600s
until_answer 60 '!Terminating' kubectl -n loads get pods
kubectl -n loads logs -l app=web
expect 0
kubectl -n loads logs deploy/web
expect 0
kubectl -n loads logs alone -c nosuch
expect 1 'container nosuch is not valid for pod alone'
kubectl -n loads logs alone --previous
expect 1 'previous terminated container "alone" in pod "alone" not found'
kubectl -n loads logs nosuch
expect 1 'pods "nosuch" not found'
kubectl -n loads exec alone -- true
expect 1 'dial tcp 10.98.0.' ':10250: connect: connection refused'
# Since it speaks WebSocket first, the error comes in a channel.
younger 31 && expect 1 'error: Internal error occurred: error sending request: Post "https://' '/exec/loads/alone/alone?command=true&error=1&output=1"'
kubectl -n loads exec alone -c nosuch -- true
expect 1 'container nosuch is not valid for pod alone'
kubectl -n loads exec nosuch -- true
expect 1 'pods "nosuch" not found'
kubectl -n loads attach alone
expect 1 ':10250: connect: connection refused'
kubectl -n loads cp alone:/etc/hosts hosts
expect 1 ':10250: connect: connection refused'
kubectl -n loads port-forward alone :80
expect 1 'error upgrading connection: error dialing backend: dial tcp 10.98.0.' ':10250: connect: connection refused'
if younger 25; then
  kubectl -n loads debug alone --image=busybox --profile=general
  expect 0 'Defaulting debug container name to debugger-'
  kubectl -n loads get pod alone -o 'jsonpath={.spec.ephemeralContainers[0].image}'
  expect 0 busybox
fi
kubectl top nodes
expect 1 'Metrics API not available'
kubectl -n loads top pods
expect 1 'Metrics API not available'

# ── describe, events ──────────────────────────────────────────────────────────────────────────────────────────────
kubectl -n loads describe deployment web
expect 0 'StrategyType:' 'Replicas:' 'Events:' 'ScalingReplicaSet'
kubectl -n loads describe pod alone
expect 0 'Containers:' 'nginx:1.27' 'Ready' 'Events:'
kubectl -n loads describe service alone
expect 0 'Endpoints:' 'TargetPort:'
kubectl describe node
expect 0 'Conditions:' 'Capacity:'
kubectl -n loads get events --sort-by=.metadata.creationTimestamp
expect 0 'LAST SEEN' 'ScalingReplicaSet' 'deployment/web'
if younger 26; then
  kubectl -n loads events --for deployment/web
  expect 0 'ScalingReplicaSet'
  kubectl -n loads events --types=Warning --for deployment/web
  expect 0 'No events found in loads namespace.'
fi

# ── nodes ─────────────────────────────────────────────────────────────────────────────────────────────────────────
NODE=$(command kubectl get nodes -o 'jsonpath={.items[0].metadata.name}')
kubectl cordon "$NODE"
expect 0 "node/$NODE cordoned"
kubectl get node "$NODE"
expect 0 'Ready,SchedulingDisabled'
kubectl drain "$NODE" --ignore-daemonsets --force --delete-emptydir-data --pod-selector=app=alone --timeout=600s
younger 21 && expect 0 "node/$NODE drained"
kubectl uncordon "$NODE"
expect 0 "node/$NODE uncordoned"
kubectl taint node "$NODE" spare=yes:PreferNoSchedule
expect 0 "node/$NODE tainted"
kubectl taint node "$NODE" spare-
expect 0 "node/$NODE untainted"

# ── rights, certificates ──────────────────────────────────────────────────────────────────────────────────────────
kubectl auth can-i create tenantcontrolplanes.kamaji.clastix.io
expect 0 yes
kubectl auth can-i delete nodes --as eve
expect 1 no
kubectl auth can-i --list
expect 0 'Resources' '*.*'
kubectl auth can-i --list --as eve
expect 0 'selfsubjectreviews.authentication.k8s.io' '/healthz' '!*.*'
kubectl auth can-i get nosuches
expect 0 yes "the server doesn't have a resource type 'nosuches'"
kubectl -n loads get pods --as eve --as-group=nobody
expect 1 'Error from server (Forbidden): pods is forbidden: User "eve" cannot list resource "pods" in API group "" in the namespace "loads"'
if younger 28; then
  kubectl auth whoami
  expect 0 'ATTRIBUTE' 'Username' 'system:authenticated'
fi
printf '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"kept","namespace":"loads"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}' >role.json
kubectl auth reconcile -f role.json
expect 0 'role.rbac.authorization.k8s.io/kept reconciled'
openssl req -new -newkey rsa:2048 -nodes -keyout key.pem -subj '/O=testers/CN=carol' -out carol.csr 2>/dev/null
kubectl apply -f - <<YAML
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: { name: carol }
spec: { request: $(base64 -w 0 carol.csr), signerName: kubernetes.io/kube-apiserver-client, usages: [client auth] }
YAML
expect 0 'certificatesigningrequest.certificates.k8s.io/carol created'
kubectl get csr
expect 0 'carol' 'Pending'
kubectl certificate approve carol
expect 0 'certificatesigningrequest.certificates.k8s.io/carol approved'
until_answer 30 'Approved,Issued' kubectl get csr carol
kubectl get csr carol -o 'jsonpath={.status.conditions[0].reason} {.status.conditions[0].message}'
expect 0 'KubectlApprove This CSR was approved by kubectl certificate approve.'
command kubectl get csr carol -o 'jsonpath={.status.certificate}' | base64 -d >carol.pem
KUBECONFIG=/dev/null kubectl --server "$KAMAJI_URL" --certificate-authority "$KAMAJI_CA" --client-certificate carol.pem --client-key key.pem \
  -n loads get pods
expect 1 'pods is forbidden: User "carol" cannot list resource "pods"'
kubectl describe csr carol
expect 0 'Signer:' 'kubernetes.io/kube-apiserver-client' 'Approved,Issued'
kubectl apply -f - <<YAML
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: { name: mallory }
spec: { request: $(base64 -w 0 carol.csr), signerName: kubernetes.io/kube-apiserver-client, usages: [client auth] }
YAML
kubectl certificate deny mallory
expect 0 'certificatesigningrequest.certificates.k8s.io/mallory denied'
kubectl get csr mallory
expect 0 'Denied'
kubectl certificate approve mallory
expect 1 'mallory'
kubectl delete csr carol mallory
expect 0

# ── a kustomization, and a plug-in's request ──────────────────────────────────────────────────────────────────────
mkdir kustomize
printf 'namespace: loads\nnamePrefix: k-\ngeneratorOptions: { disableNameSuffixHash: true }\nconfigMapGenerator:\n  - { name: c, literals: [a=b] }\n' >kustomize/kustomization.yaml
kubectl apply -k kustomize
expect 0 'configmap/k-c created'
kubectl -n loads get configmap k-c -o 'go-template={{ .data.a }}'
expect 0 b
kubectl delete namespace loads --timeout=600s
expect 0 'namespace "loads" deleted'
finish
