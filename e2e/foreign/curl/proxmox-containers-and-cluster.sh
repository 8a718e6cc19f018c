#!/usr/bin/env bash
# Containers, networks of the cluster, high availability, jobs, notifications and what a host is set to, as literal requests.
source "$(dirname "${BASH_SOURCE[0]}")/proxmox.sh" || exit 2
NODE=$PVE/nodes/pve1
CT=$NODE/lxc/7600

# ── A container: its template, its life ───────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" "$NODE/aplinfo"
expect 200 '"template":"alpine-3.22-default_20250617_amd64.tar.xz"'
curl -H "$TOKEN" -X POST "$NODE/aplinfo" -d storage=local -d template=alpine-3.22-default_20250617_amd64.tar.xz
expect 200 ':download:'
task OK
curl -H "$TOKEN" -X POST "$NODE/lxc" -d vmid=7600 -d ostemplate=local:vztmpl/alpine-3.22-default_20250617_amd64.tar.xz \
  -d rootfs=local-lvm:2 -d hostname=proxy -d memory=256 -d cores=1 --data-urlencode net0=name=eth0,bridge=vmbr0,ip=192.0.2.60/24
expect 200 ':vzcreate:7600:'
task OK
curl -H "$TOKEN" "$CT/config"
expect 200 '"hostname":"proxy"' '"memory":256' '"rootfs":"local-lvm:vm-7600-disk-0,size=2G"' '"ostype":"alpine"' ',type=veth"'
curl -H "$TOKEN" -X POST "$NODE/lxc" -d vmid=7600 -d ostemplate=local:vztmpl/x.tar.zst -d rootfs=local-lvm:2
expect "500 unable to create CT 7600 - CT 7600 already exists on node 'pve1'"
curl -H "$TOKEN" -X POST "$CT/status/stop"
expect '500 CT 7600 not running'
curl -H "$TOKEN" -X POST "$CT/status/start"
expect 200 ':vzstart:7600:'
task OK
curl -H "$TOKEN" "$CT/status/current"
expect 200 '"status":"running"' '"type":"lxc"' '"maxmem":268435456'
curl -H "$TOKEN" "$CT/interfaces"
expect 200 '"name":"eth0"' '"inet":"192.0.2.60/24"'
curl -H "$TOKEN" -X PUT "$CT/config" -d memory=512 --data-urlencode features=nesting=1
expect 200 '{"data":null}'
curl -H "$TOKEN" "$CT/pending"
expect 200 '{"key":"memory","value":"512"}' '"key":"features","pending":"nesting=1"'
curl -H "$TOKEN" -X PUT "$CT/resize" -d disk=rootfs -d size=%2B1G
expect 200 ':resize:7600:'
task OK
curl -H "$TOKEN" -X POST "$CT/snapshot" -d snapname=before
expect 200 ':vzsnapshot:7600:'
task OK
curl -H "$TOKEN" -X POST "$CT/clone" -d newid=7601 -d hostname=proxy2
expect '500 Cannot do full clones on a running container without snapshots'
curl -H "$TOKEN" -X POST "$CT/status/shutdown"
expect 200 ':vzshutdown:7600:'
task OK
curl -H "$TOKEN" -X POST "$CT/clone" -d newid=7601 -d hostname=proxy2
expect 200 ':vzclone:7600:'
task OK
curl -H "$TOKEN" -X POST "$NODE/lxc/7601/migrate" -d target=pve2
expect 200 ':vzmigrate:7601:'
task OK
curl -H "$TOKEN" "$PVE/cluster/resources?type=vm"
expect 200 '"id":"lxc/7600"' '"name":"proxy2"'
curl -H "$TOKEN" "$CT/snapshot/nosuch/config"
expect "500 snapshot 'nosuch' does not exist"
curl -H "$TOKEN" "$NODE/lxc/7699/config"
expect "500 Configuration file 'nodes/pve1/lxc/7699.conf' does not exist"

# ── Networks of the cluster: written, then applied ────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$PVE/cluster/sdn/zones" -d zone=curlzone -d type=vlan
expect "500 create sdn zone object failed: missing value for required option 'bridge'"
curl -H "$TOKEN" -X POST "$PVE/cluster/sdn/zones" -d zone=curlzone -d type=vlan -d bridge=vmbr0
expect 200
curl -H "$TOKEN" -X POST "$PVE/cluster/sdn/vnets" -d vnet=curlnet -d zone=curlzone -d tag=42
expect 200
curl -H "$TOKEN" -X POST "$PVE/cluster/sdn/vnets/curlnet/subnets" -d subnet=10.42.0.0/24 -d type=subnet -d gateway=10.42.0.1
expect 200
curl -H "$TOKEN" "$PVE/cluster/sdn/vnets?pending=1"
expect 200 '"vnet":"curlnet"' '"state":"new"' '"pending":{"zone":"curlzone","tag":42}'
# A fabric of two hosts, which waits with the rest.
FABRICS=$PVE/cluster/sdn/fabrics
curl -H "$TOKEN" -X POST "$FABRICS/fabric" -d id=curlfab -d protocol=ospf
expect '500 missing field `area`'
curl -H "$TOKEN" -X POST "$FABRICS/fabric" -d id=curlfab -d protocol=ospf -d area=0 -d ip_prefix=10.43.0.0/24
expect 200 '{"data":null}'
for host in 1 2; do
  curl -H "$TOKEN" -X POST "$FABRICS/node/curlfab" -d node_id=pve$host -d protocol=ospf -d ip=10.43.0.$host --data-urlencode interfaces=name=ens19
  expect 200 '{"data":null}'
done
curl -H "$TOKEN" "$FABRICS/all"
expect 200 '"id":"curlfab"' '"node_id":"pve2"' '"ip":"10.43.0.2"'
curl -H "$TOKEN" "$PVE/cluster/sdn/dry-run?node=pve1"
expect 200 '"interfaces-diff":"' '"frr-diff":"'
curl -H "$TOKEN" -X PUT "$PVE/cluster/sdn"
expect 200 ':reloadnetworkall:'
task OK
curl -H "$TOKEN" "$NODE/network?type=any_bridge"
expect 200 '"iface":"curlnet"' '"type":"vnet"'
curl -H "$TOKEN" -X PUT "$CT/config" --data-urlencode net0=name=eth0,bridge=curlnet
expect 200
curl -H "$TOKEN" "$NODE/sdn/fabrics/curlfab/routes"
expect 200 '"route":"10.43.0.2/32"' '"via":["ens19"]'
curl -H "$TOKEN" "$NODE/sdn/fabrics/curlfab/neighbors"
expect 200 '"neighbor":"10.43.0.2"' '"status":"Full/-"'
curl -H "$TOKEN" -X DELETE "$FABRICS/fabric/curlfab"
expect 200 '{"data":null}'
curl -H "$TOKEN" -X DELETE "$PVE/cluster/sdn/zones/curlzone"
expect '500 delete sdn zone object failed: zone curlzone is used by vnet curlnet'

# ── High availability ─────────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$PVE/cluster/ha/resources" -d sid=ct:7600 -d state=stopped
expect 200
curl -H "$TOKEN" -X POST "$PVE/cluster/ha/rules" -d rule=near -d type=node-affinity -d resources=ct:7600 -d nodes=pve1,pve2
expect 200
curl -H "$TOKEN" "$PVE/cluster/ha/rules/near"
expect 200 '"type":"node-affinity"' '"resources":"ct:7600"' '"digest":"'
curl -H "$TOKEN" -X POST "$PVE/cluster/ha/groups" -d group=old -d nodes=pve1
expect '500 cannot create group: ha groups have been migrated to rules'
curl -H "$TOKEN" "$PVE/cluster/ha/status/current"
expect 200 '"sid":"ct:7600"'
curl -H "$TOKEN" -X DELETE "$CT"
expect '500 unable to remove CT 7600 - used in HA resources and purge parameter not set.'
curl -H "$TOKEN" -X DELETE "$CT?purge=1"
expect 200 ':vzdestroy:7600:'
task OK

# ── Jobs, replication, notifications, mappings, metric servers ────────────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$PVE/cluster/backup" -d id=curl-nightly -d schedule='mon..fri 21:00' -d storage=shared -d pool=office
expect 200
curl -H "$TOKEN" "$PVE/cluster/backup/curl-nightly"
expect 200 '"schedule":"mon..fri 21:00"' '"next-run":' '"enabled":1'
curl -H "$TOKEN" "$PVE/cluster/backup/curl-weekly"
expect 400 "\"id\":\"No such job 'curl-weekly'\""
curl -H "$TOKEN" -X DELETE "$PVE/cluster/backup/curl-nightly"
expect 200
curl -H "$TOKEN" "$PVE/cluster/jobs/schedule-analyze?schedule=daily&iterations=1&starttime=1700000000"
expect 200 '{"data":[{"timestamp":1700006400,"utc":"Wed Nov 15 00:00:00 2023"}]}'
curl -H "$TOKEN" -X POST "$PVE/cluster/replication" -d id=7699-0 -d type=local -d target=pve2
expect "500 guest '7699' does not exist"
curl -H "$TOKEN" -X POST "$PVE/cluster/notifications/endpoints/gotify" -d name=curl-phone -d server=https://gotify.example -d token=secret
expect 200
curl -H "$TOKEN" "$PVE/cluster/notifications/targets"
expect 200 '"name":"mail-to-root"' '"origin":"builtin"' '"name":"curl-phone"' '!secret'
curl -H "$TOKEN" -X DELETE "$PVE/cluster/notifications/endpoints/gotify/curl-phone"
expect 200
curl -H "$TOKEN" -X POST "$PVE/cluster/mapping/pci" -d id=curl-gpu --data-urlencode map=node=pve1,path=0000:01:00.0,id=10de:1234
expect 200
curl -H "$TOKEN" "$PVE/cluster/mapping/pci?check-node=pve2"
expect 200 '"id":"curl-gpu"' 'No mapping for node pve2.'
curl -H "$TOKEN" -X DELETE "$PVE/cluster/mapping/pci/curl-gpu"
expect 200
curl -H "$TOKEN" -X POST "$PVE/cluster/metrics/server/curl-flux" -d type=influxdb -d server=metrics.example -d port=8089
expect 200
curl -H "$TOKEN" -X DELETE "$PVE/cluster/metrics/server/curl-flux"
expect 200
curl -H "$TOKEN" -X DELETE "$PVE/cluster/metrics/server/curl-flux"
expect "500 status server entry 'curl-flux' does not exist"

# ── What a host is set to ─────────────────────────────────────────────────────────────────────────────────────────
HOST=$PVE/nodes/pve3
curl -H "$TOKEN" "$HOST/services/chrony/state"
expect 200 '"state":"running"'
curl -H "$TOKEN" -X POST "$HOST/services/chrony/restart"
expect 200 ':srvrestart:chrony:'
task OK
curl -H "$TOKEN" "$HOST/syslog?limit=0"
expect 200 '{"data":[]' '"total":'
curl -H "$TOKEN" -X PUT "$HOST/dns" -d search=lab.example -d dns1=192.0.2.53
expect 200
curl -H "$TOKEN" "$HOST/dns"
expect 200 '"dns1":"192.0.2.53"'
curl -H "$TOKEN" -X PUT "$HOST/time" -d timezone=Europe/Rome
expect 200
curl -H "$TOKEN" -X PUT "$HOST/time" -d timezone=Europe/Nowhere
expect "500 No such timezone 'Europe/Nowhere'"
curl -H "$TOKEN" -X PUT "$HOST/apt/repositories" -d handle=no-subscription
expect 200
curl -H "$TOKEN" "$HOST/apt/repositories"
expect 200 '"handle":"no-subscription","name":"No-Subscription","status":1'

# ── What was made goes again ──────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X DELETE "$PVE/nodes/pve2/lxc/7601"
expect 200 ':vzdestroy:7601:'
task OK
curl -H "$TOKEN" -X DELETE "$PVE/cluster/sdn/vnets/curlnet/subnets/curlzone-10.42.0.0-24"
expect 200
curl -H "$TOKEN" -X DELETE "$PVE/cluster/sdn/vnets/curlnet"
expect 200
curl -H "$TOKEN" -X DELETE "$PVE/cluster/sdn/zones/curlzone"
expect 200
curl -H "$TOKEN" -X PUT "$PVE/cluster/sdn"
expect 200
task OK
curl -H "$TOKEN" -X DELETE "$PVE/cluster/ha/rules/near"
expect "500 delete ha rule failed: no such ha rule 'near'"

finish
