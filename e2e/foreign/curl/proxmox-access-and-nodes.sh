#!/usr/bin/env bash
# Signing in, tokens, and what there is to see of the hosts, as literal requests.
source "$(dirname "${BASH_SOURCE[0]}")/proxmox.sh" || exit 2

# ── An API token ──────────────────────────────────────────────────────────────────────────────────────────────────
curl -H "Authorization: PVEAPIToken=$PROXMOX_TOKEN_ID=$PROXMOX_SECRET" "$PVE/version"
expect '200 OK' '"release":"9.1"' '"version":"9.1.' '"repoid":"' 'Server: pve-api-daemon/3.0'

# Proxmox VE of version 9 says no more of a token that is wrong, whatever is wrong with it.
curl -H "Authorization: PVEAPIToken=${PROXMOX_TOKEN_ID/!/}=$PROXMOX_SECRET" "$PVE/version"
expect '401 Authentication failed!' 'Connection: close'
curl -H "Authorization: PVEAPIToken=$PROXMOX_TOKEN_ID=00000000-0000-0000-0000-000000000000" "$PVE/version"
expect '401 Authentication failed!'
curl "$PVE/version"
expect '401 No ticket'

# ── A ticket, and the CSRF token that writing needs beside it ─────────────────────────────────────────────────────
curl -d 'username=root@pam' --data-urlencode "password=$PROXMOX_PASSWORD" "$PVE/access/ticket"
expect '200 OK' '"username":"root@pam"' '"ticket":"PVE:root@pam:' '"CSRFPreventionToken":"' '"cap":{'
TICKET=$(answer ticket) CSRF=$(answer CSRFPreventionToken)
curl -b "PVEAuthCookie=$TICKET" "$PVE/access/permissions?path=/"
expect 200 '"VM.Allocate":1'
curl -b "PVEAuthCookie=$TICKET" -X POST "$PVE/access/users" -d 'userid=ada@pve'
expect '401 Permission denied - invalid csrf token'
curl -b "PVEAuthCookie=$TICKET" -H "CSRFPreventionToken: $CSRF" -X POST "$PVE/access/users" -d 'userid=ada@pve' -d 'password=lovelace1'
expect 200 '{"data":null}'
curl -d 'username=ada@pve' -d 'password=lovelace1' "$PVE/access/ticket"
expect 200 '"username":"ada@pve"'
curl -d 'username=ada@pve' -d 'password=babbage99' "$PVE/access/ticket"
expect '401 authentication failure' '{"data":null,"message":"authentication failure\n"}'
curl -H "$TOKEN" -d 'username=ada@pve' -d 'password=lovelace1' "$PVE/access/ticket"
expect "403 Permission check failed (URI '/access/ticket' not available with API token, need proper ticket."

# ── Tokens: make one, give it rights, take it away ────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$PVE/access/users/ada@pve/token/ci" -d 'comment=for the builds' -d 'privsep=1'
expect 200 '"full-tokenid":"ada@pve!ci"' '"value":"' '"privsep":"1"'
ADA="Authorization: PVEAPIToken=ada@pve!ci=$(answer value)"
curl -H "$TOKEN" -X POST "$PVE/access/users/ada@pve/token/ci"
expect '400 Parameter verification failed.' '"tokenid":"Token already exists."'
curl -H "$TOKEN" "$PVE/access/users/ada@pve/token"
expect 200 '"tokenid":"ci"' '"comment":"for the builds"'
curl -H "$ADA" "$PVE/nodes/pve1/qemu/100/config"
expect '403 Permission check failed (/vms/100, VM.Audit)' '{"data":null,"message":"Permission check failed (/vms/100, VM.Audit)\n"}'
curl -H "$TOKEN" -X PUT "$PVE/access/acl" -d 'path=/vms/100' -d 'users=ada@pve' -d 'roles=PVEAuditor'
expect 200
# Rights of a token that is separated from its user are what both have.
curl -H "$ADA" "$PVE/nodes/pve1/qemu/100/config"
expect '403 Permission check failed (/vms/100, VM.Audit)'
curl -H "$TOKEN" -X PUT "$PVE/access/acl" -d 'path=/vms/100' --data-urlencode 'tokens=ada@pve!ci' -d 'roles=PVEAuditor'
expect 200
curl -H "$ADA" "$PVE/nodes/pve1/qemu/100/config"
expect 200 '"name":"intranet"'
curl -H "$ADA" "$PVE/access/permissions"
expect 200 '"/vms/100":{' '"VM.Audit":1'
curl -H "$TOKEN" "$PVE/access/acl"
expect 200 '"ugid":"ada@pve!ci"' '"type":"token"' '"roleid":"PVEAuditor"'
curl -H "$TOKEN" -X PUT "$PVE/access/users/ada@pve/token/ci" -d 'comment=kept'
expect 200 '"comment":"kept"'
curl -H "$TOKEN" -X DELETE "$PVE/access/users/ada@pve/token/ci"
expect 200 '{"data":null}'
curl -H "$ADA" "$PVE/version"
expect '401 Authentication failed!'
curl -H "$TOKEN" -X DELETE "$PVE/access/users/ada@pve/token/ci"
expect "500 no such token 'ci' for user 'ada@pve'"

# ── A second factor: recovery keys, of which each is taken once after the password ────────────────────────────────
AS_ROOT=(-b "PVEAuthCookie=$TICKET" -H "CSRFPreventionToken: $CSRF")
curl -H "$TOKEN" "$PVE/access/users/ada@pve/tfa"
expect 200 '{"data":{}}'
curl -H "$TOKEN" "$PVE/access/tfa/ada@pve"
expect 200 '{"data":[]}'
curl -H "$TOKEN" -X POST "$PVE/access/tfa/ada@pve" -d 'type=recovery'
expect "403 Permission check failed (URI '/access/tfa/ada@pve' not available with API token, need proper ticket."
curl "${AS_ROOT[@]}" -X POST "$PVE/access/tfa/ada@pve" -d 'type=recovery'
expect 200 '"id":"recovery"' '"recovery":["'
KEY=$(sed -E 's/.*"recovery":\["([^"]*)".*/\1/' <<<"$BODY")
curl "${AS_ROOT[@]}" "$PVE/access/tfa"
expect 200 '"userid":"ada@pve"' '"type":"recovery"'
curl -d 'username=ada@pve' -d 'password=lovelace1' "$PVE/access/ticket"
expect 200 '"NeedTFA":1' '"ticket":"PVE:!tfa!{' '!"cap"'
CHALLENGE=$(sed -E 's/.*"ticket":"(PVE:!tfa!.*::[^"]*)".*/\1/; s/\\"/"/g' <<<"$BODY")
curl --data-urlencode 'username=ada@pve' -d 'password=recovery:0000-0000-0000-0000' --data-urlencode "tfa-challenge=$CHALLENGE" "$PVE/access/ticket"
expect '401 authentication failure'
curl --data-urlencode 'username=ada@pve' -d "password=recovery:$KEY" --data-urlencode "tfa-challenge=$CHALLENGE" "$PVE/access/ticket"
expect 200 '"ticket":"PVE:ada@pve:' '"cap":{' '!NeedTFA'
curl -d 'username=ada@pve' -d 'password=lovelace1' --data-urlencode "otp=recovery:$KEY" "$PVE/access/ticket"
expect '401 authentication failure'
curl "${AS_ROOT[@]}" -X PUT "$PVE/access/users/ada@pve/unlock-tfa"
expect 200 '{"data":0}'
curl "${AS_ROOT[@]}" -X DELETE "$PVE/access/tfa/ada@pve/recovery"
expect 200 '{"data":null}'
curl "${AS_ROOT[@]}" "$PVE/access/tfa/ada@pve/recovery"
expect "404 No such tfa entry 'recovery'"
curl -H "$TOKEN" -X DELETE "$PVE/access/users/ada@pve"
expect 200
curl "$PVE/access/domains"
expect 200 '"realm":"pam"' '"realm":"pve"'
curl -H "$TOKEN" "$PVE/access/roles/PVETemplateUser"
expect 200 '"VM.Audit":1' '"VM.Clone":1'

# ── Nodes ─────────────────────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" "$PVE/nodes"
expect 200 '"node":"pve1"' '"node":"pve2"' '"node":"pve3"' '"status":"online"' '"ssl_fingerprint":"' '"maxmem":'
curl -H "$TOKEN" "$PVE/nodes/pve1/status"
expect 200 '"loadavg":["' '"cpuinfo":{' '"memory":{' '"rootfs":{' '"pveversion":"pve-manager/9.1.' '"kversion":"Linux 6.'
curl -H "$TOKEN" "$PVE/nodes/localhost/version"
expect 200 '"version":"9.1.' '!"console"'
curl -H "$TOKEN" "$PVE/nodes/pve1/storage"
expect 200 '"storage":"local-lvm"' '"type":"lvmthin"' '"avail":' '"active":1'
curl -H "$TOKEN" "$PVE/nodes/pve1/network?type=any_bridge"
expect 200 '"iface":"vmbr0"' '"type":"bridge"'
curl -H "$TOKEN" "$PVE/nodes/pve1/tasks?limit=5&source=all"
expect 200 '{"data":['
curl -H "$TOKEN" "$PVE/nodes/pve1/dns"
expect 200 '"search":"'
curl -H "$TOKEN" "$PVE/nodes/pve1/time"
expect 200 '"timezone":"' '"localtime":'
curl -H "$TOKEN" "$PVE/nodes/pve1/capabilities/qemu/machines"
expect 200 '"type":"q35"' '"type":"i440fx"'
curl -H "$TOKEN" "$PVE/nodes/pve1/capabilities/qemu/cpu"
expect 200 '"name":"host"'
curl -H "$TOKEN" "$PVE/nodes/pve1/rrddata?timeframe=hour&cf=AVERAGE"
expect 200 '{"data":[{"time":'
curl -H "$TOKEN" "$PVE/nodes/pve1/rrddata?timeframe=decade"
expect 200 '"time":'
curl -H "$TOKEN" "$PVE/nodes/nowhere/status"
expect "500 hostname lookup 'nowhere' failed - failed to get address info for: nowhere: Name or service not known"

# ── The cluster ───────────────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" "$PVE/cluster/status"
expect 200 '"type":"cluster"' '"quorate":1' '"id":"node/pve2"'
curl -H "$TOKEN" "$HOST/api2/extjs/cluster/resources?type=vm"
expect 200 '"success":1' '"id":"qemu/100"' '"type":"qemu"' '"status":"running"' '!"type":"storage"'
curl -H "$TOKEN" "$PVE/cluster/resources"
expect 200 '"id":"storage/pve1/local-lvm"' '"id":"/pool/office"' '"id":"node/pve1"'
curl -H "$TOKEN" "$PVE/cluster/resources?type=pool"
expect '400 Parameter verification failed.' "\"type\":\"value 'pool' does not have a value in the enumeration 'vm, storage, node, sdn'\""
curl -H "$TOKEN" "$PVE/cluster/tasks"
expect 200 '{"data":['
curl -H "$TOKEN" "$PVE/cluster/log?max=5"
expect 200 '{"data":['
curl -H "$TOKEN" "$PVE/cluster/nextid"
expect 200 '{"data":"'
curl -H "$TOKEN" "$PVE/cluster/nextid?vmid=100"
expect '400 Parameter verification failed.' '"vmid":"VM 100 already exists"'
curl -H "$TOKEN" -X POST "$PVE/pools" -d 'poolid=by-curl' -d 'comment=made by hand'
expect 200 '{"data":null}'
curl -H "$TOKEN" -X PUT "$PVE/pools" -d 'poolid=by-curl' -d 'vms=102'
expect 200
curl -H "$TOKEN" "$PVE/pools?poolid=by-curl"
expect 200 '"id":"qemu/102"'
curl -H "$TOKEN" -X DELETE "$PVE/pools?poolid=by-curl"
expect "500 delete pool failed: pool 'by-curl' is not empty (contains VM 102)"
curl -H "$TOKEN" -X PUT "$PVE/pools" -d 'poolid=by-curl' -d 'vms=102' -d 'delete=1'
expect 200
curl -H "$TOKEN" -X DELETE "$PVE/pools?poolid=by-curl"
expect 200

finish
