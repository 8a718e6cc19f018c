#!/usr/bin/env bash
# Disks, certificates by ACME, hosts of the cluster, shells, OpenID and what needs other machines, as literal requests.
source "$(dirname "${BASH_SOURCE[0]}")/proxmox.sh" || exit 2
NODE=$PVE/nodes/pve3
# What is root's alone takes root's own ticket.
curl -d 'username=root@pam' --data-urlencode "password=$PROXMOX_PASSWORD" "$PVE/access/ticket"
expect 200
AS_ROOT=(-b "PVEAuthCookie=$(answer ticket)" -H "CSRFPreventionToken: $(answer CSRFPreventionToken)")

# ── Pools of disks ────────────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" "$NODE/disks/list?type=unused"
expect 200 '"devpath":"/dev/sdb"' '"devpath":"/dev/sdc"'
curl -H "$TOKEN" -X POST "$NODE/disks/zfs" -d name=curltank -d devices=/dev/sdb,/dev/sdc -d raidlevel=raidz
expect '500 raidz needs at least 3 disks'
curl -H "$TOKEN" -X POST "$NODE/disks/zfs" -d name=curltank -d devices=/dev/sdb,/dev/sdc -d raidlevel=mirror -d add_storage=1
expect 200 ':zfscreate:curltank:'
task OK
curl -H "$TOKEN" "$NODE/disks/zfs"
expect 200 '"name":"curltank"' '"health":"ONLINE"'
curl -H "$TOKEN" "$NODE/disks/zfs/curltank"
expect 200 '"name":"mirror-0"' '"name":"/dev/sdc"' '"errors":"No known data errors"'
curl -H "$TOKEN" "$NODE/scan/zfs"
expect 200 '"pool":"curltank"'
curl -H "$TOKEN" "$PVE/storage/curltank"
expect 200 '"type":"zfspool"' '"pool":"curltank"' '"nodes":"pve3"'
curl -H "$TOKEN" -X POST "$NODE/qemu" -d vmid=7700 -d scsi0=curltank:1
expect 200 ':qmcreate:7700:'
task OK
curl -H "$TOKEN" "$NODE/qemu/7700/config"
expect 200 '"scsi0":"curltank:vm-7700-disk-0,size=1G"'
curl -H "$TOKEN" -X DELETE "$NODE/qemu/7700"
expect 200
task OK
curl -H "$TOKEN" -X DELETE "$NODE/disks/zfs/curltank?cleanup-config=1&cleanup-disks=1"
expect 200 ':zfsremove:curltank:'
task OK
curl -H "$TOKEN" "$PVE/storage/curltank"
expect "500 storage 'curltank' does not exist"

# ── Certificates by ACME ──────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" "$PVE/cluster/acme/directories"
expect 200 '"url":"https://acme-v02.api.letsencrypt.org/directory"'
curl -H "$TOKEN" "$PVE/cluster/acme/tos"
expect 200 '"data":"https://'
curl "${AS_ROOT[@]}" -X POST "$PVE/cluster/acme/account" -d name=curl -d contact=ops@example.com --data-urlencode "tos_url=$(answer data)"
expect 200 ':acmeregister:curl:'
task OK
curl "${AS_ROOT[@]}" "$PVE/cluster/acme/account/curl"
expect 200 '"status":"valid"' '"mailto:ops@example.com"' '"location":"https://acme-v02.api.letsencrypt.org/acme/acct/'
curl -H "$TOKEN" -X PUT "$NODE/config" --data-urlencode 'acme=account=curl,domains=pve3.example.com'
expect 200
curl -H "$TOKEN" -X POST "$NODE/certificates/acme/certificate"
expect 200 ':acmenewcert::'
task OK
task_log "Status is 'valid', domain 'pve3.example.com' OK!"
curl -H "$TOKEN" "$NODE/certificates/info"
expect 200 '"filename":"pveproxy-ssl.pem"' '"san":["pve3.example.com"]'
curl -H "$TOKEN" -X PUT "$NODE/certificates/acme/certificate"
expect 400 "Certificate does not expire within the next 30 days, and 'force' is not set."
curl -H "$TOKEN" -X DELETE "$NODE/certificates/acme/certificate"
expect 200 ':acmerevoke::'
task OK
curl -H "$TOKEN" -X PUT "$NODE/config" -d delete=acme
expect 200
curl "${AS_ROOT[@]}" -X DELETE "$PVE/cluster/acme/account/curl"
expect 200 ':acmedeactivate:curl:'
task OK

# ── Hosts of the cluster ──────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" "$PVE/cluster/config/join"
expect 200 '"pve_fp":"' '"preferred_node":"pve1"' '"config_digest":"'
curl -H "$TOKEN" -X POST "$PVE/cluster/config/nodes/pve9"
expect '403 Permission check failed (user != root@pam)'
curl "${AS_ROOT[@]}" -X POST "$PVE/cluster/config/nodes/pve9" -d new_node_ip=192.0.2.99
expect 200 '"corosync_conf":"' 'ring0_addr: 192.0.2.99'
curl -H "$TOKEN" "$PVE/nodes"
expect 200 '"node":"pve9"'
curl "${AS_ROOT[@]}" -X POST "$PVE/cluster/config/nodes/pve9"
expect "500 can't add existing node 'pve9'"
curl "${AS_ROOT[@]}" -X DELETE "$PVE/cluster/config/nodes/pve9"
expect 200 '{"data":null}'
curl "${AS_ROOT[@]}" -X DELETE "$PVE/cluster/config/nodes/pve9"
expect '500 Node/IP: pve9 is not a known host of the cluster.'
curl "${AS_ROOT[@]}" -X POST "$PVE/cluster/config" -d clustername=other
expect "500 cluster config '/etc/pve/corosync.conf' already exists"

# ── Shells ────────────────────────────────────────────────────────────────────────────────────────────────────────
curl "${AS_ROOT[@]}" -X POST "$NODE/termproxy"
expect 200 '"port":"59' '"ticket":"PVEVNC:' ':vncshell::root@pam:'
PORT=$(answer port) TICKET=$(answer ticket)
curl "${AS_ROOT[@]}" -G "$NODE/vncwebsocket" -d "port=$PORT" --data-urlencode "vncticket=$TICKET"
expect 200 "{\"data\":{\"port\":\"$PORT\"}}"
curl "${AS_ROOT[@]}" -G "$PVE/nodes/pve1/vncwebsocket" -d "port=$PORT" --data-urlencode "vncticket=$TICKET"
expect '401 permission denied - invalid PVEVNC ticket'
curl -H "$TOKEN" -X POST "$NODE/termproxy" -d cmd=upgrade
expect '403 Permission check failed (user != root@pam)'
curl "${AS_ROOT[@]}" -X POST "$NODE/vncshell" -d websocket=1
expect 200 '"password":"' '"cert":"-----BEGIN CERTIFICATE-----'
curl "${AS_ROOT[@]}" -X POST "$HOST/api2/spiceconfig/nodes/pve3/spiceshell"
expect 200 '[virt-viewer]' "title=Shell on 'pve3'"

# ── What needs other machines ─────────────────────────────────────────────────────────────────────────────────────
curl -d realm=pve -d redirect-url=https://pve1.example:8006 "$PVE/access/openid/auth-url"
expect '500 wrong realm type (pve != openid)'
curl -d code=x -d state=x -d redirect-url=https://pve1.example:8006 "$PVE/access/openid/login"
expect '401 authentication failure'
curl -H "$TOKEN" "$NODE/ceph/osd"
expect '500 binary not installed: /usr/bin/ceph-mon'
curl -H "$TOKEN" "$NODE/scan/nfs?server=192.0.2.200"
expect "500 command '/sbin/showmount --no-headers --exports 192.0.2.200' failed: exit code 1"
curl -H "$TOKEN" -X POST "$PVE/cluster/notifications/targets/mail-to-root/test"
expect 200 '{"data":null}'
curl -H "$TOKEN" "$NODE/report"
expect 200 '==== general system info ====' '# qm list'

finish
