#!/usr/bin/env bash
# A VM from its making to its end, and all of its sub-resources, as literal requests.
source "$(dirname "${BASH_SOURCE[0]}")/proxmox.sh" || exit 2
VM=$PVE/nodes/pve1/qemu/7100

# ── Create ────────────────────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$PVE/nodes/pve1/qemu" -d vmid=7100 -d name=by-curl -d cores=1 -d memory=512 \
  -d scsihw=virtio-scsi-pci -d scsi0=local-lvm:4 -d ide2=local-lvm:cloudinit --data-urlencode net0=virtio,bridge=vmbr0 \
  -d serial0=socket -d agent=1 -d vga=qxl -d tags=by-curl
expect 200 '{"data":"UPID:pve1:' ':qmcreate:7100:root@pam!lab:"}'
task OK
task_log "scsi0: successfully created disk 'local-lvm:vm-7100-disk-0,size=4G'" 'TASK OK'
curl -H "$TOKEN" -X POST "$PVE/nodes/pve1/qemu" -d vmid=7100
expect "500 unable to create VM 7100 - VM 7100 already exists on node 'pve1'"
curl -H "$TOKEN" -X POST "$PVE/nodes/pve1/qemu" -d vmid=7101 --data-urlencode 'scsi0=local-lvm:0,import-from=local-lvm:vm-7100-disk-0'
expect 200
task OK
curl -H "$TOKEN" "$PVE/nodes/pve1/qemu/7101/config"
expect 200 '"scsi0":"local-lvm:vm-7101-disk-0,size=4G"'
curl -H "$TOKEN" "$PVE/nodes/pve1/qemu?full=1"
expect 200 '"vmid":7100' '"name":"by-curl"' '"qmpstatus":"stopped"'
curl -H "$TOKEN" "$VM"
for spec in config cloudinit pending status unlink vncproxy termproxy migrate resize move rrd rrddata monitor agent snapshot \
  spiceproxy sendkey firewall mtunnel remote_migrate; do expect 200 "{\"subdir\":\"$spec\"}"; done

# ── Configuration: read, change at once (PUT) or in a task (POST), digest, delete, revert, pending ────────────────
curl -H "$TOKEN" "$VM/config"
expect 200 '"memory":"512"' '"cores":1' '"boot":"order=scsi0;ide2;net0"' '"net0":"virtio=BC:24:11:' '"smbios1":"uuid=' \
  '"ide2":"local-lvm:vm-7100-cloudinit,media=cdrom' '"agent":"1"'
DIGEST=$(answer digest)
curl -H "$TOKEN" -X PUT "$VM/config" -d memory=1024 --data-urlencode 'description=a; b = c + d' -d "digest=$DIGEST"
expect 200 '{"data":null}'
curl -H "$TOKEN" -X PUT "$VM/config" -d memory=2048 -d "digest=$DIGEST"
expect '500 checksum mismatch (file change by other user?)'
curl -H "$TOKEN" -X POST "$VM/config" -d cores=2
expect 200 ':qmconfig:7100:'
task OK
curl -H "$TOKEN" -X POST "$VM/config" -d onboot=1 -d background_delay=5
expect 200 '{"data":null}'
curl -H "$TOKEN" -X PUT "$VM/config" -d 'delete=onboot,description'
expect 200
curl -H "$TOKEN" "$VM/config?current=1"
expect 200 '"memory":"1024"' '"cores":2' '!onboot' '!description'
curl -H "$TOKEN" -X PUT "$VM/config"
expect '500 no options specified'

# ── Power, under json and under extjs ─────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" "$VM/status"
expect 200 '{"subdir":"current"}' '{"subdir":"start"}' '{"subdir":"reboot"}'
curl -H "$TOKEN" "$VM/status/current"
expect 200 '"status":"stopped"' '"qmpstatus":"stopped"' '"ha":{"managed":0}' '!"pid"'
curl -H "$TOKEN" -X POST "$HOST/api2/extjs/nodes/pve1/qemu/7100/status/start"
expect 200 '"success":1' ':qmstart:7100:'
task OK
curl -H "$TOKEN" "$VM/status/current"
expect 200 '"status":"running"' '"qmpstatus":"running"' '"pid":' '"running-qemu":"10.' '"maxmem":1073741824' '"blockstat":{"'
curl -H "$TOKEN" -X POST "$HOST/api2/extjs/nodes/pve1/qemu/7100/status/reset"
expect 200 '"success":1' ':qmreset:7100:'
task OK
curl -H "$TOKEN" -X POST "$VM/status/suspend"
expect 200 ':qmpause:7100:'
task OK
curl -H "$TOKEN" "$VM/status/current"
expect 200 '"status":"running"' '"qmpstatus":"paused"'
curl -H "$TOKEN" -X POST "$VM/status/resume"
expect 200 ':qmresume:7100:'
task OK
# A value that a running VM does not take waits for the next cold start, or is taken back.
curl -H "$TOKEN" -X PUT "$VM/config" -d cores=4 -d bios=seabios
expect 200
curl -H "$TOKEN" "$VM/pending"
expect 200 '"key":"cores"' '"pending":4' '"value":2' '"key":"digest"'
curl -H "$TOKEN" -X PUT "$VM/config" -d revert=cores
expect 200
curl -H "$TOKEN" "$VM/pending"
expect 200 '!"pending":4'
curl -H "$TOKEN" -X POST "$VM/status/suspend" -d todisk=1
expect 200 ':qmsuspend:7100:'
task OK
curl -H "$TOKEN" "$VM/status/current"
expect 200 '"status":"stopped"' '"lock":"suspended"'
curl -H "$TOKEN" -X POST "$VM/status/start"
expect 200
task OK

# ── Keys, monitor ─────────────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X PUT "$VM/sendkey" -d key=ctrl-alt-delete
expect 200 '{"data":null}'
curl -H "$TOKEN" -X PUT "$VM/sendkey" -d key=nosuchkey
expect 400
curl -H "$TOKEN" -X POST "$VM/monitor" --data-urlencode 'command=info status'
expect 200 'VM status: running'
curl -H "$TOKEN" -X POST "$VM/monitor" --data-urlencode 'command=device_add usb-tablet'
expect "500 root-only command 'device_add'"

# ── Watching ──────────────────────────────────────────────────────────────────────────────────────────────────────
for timeframe in hour day week month year; do
  curl -H "$TOKEN" "$PVE/nodes/pve1/qemu/100/rrddata?timeframe=$timeframe&cf=AVERAGE"
  expect 200 '{"data":[{"time":'
done
curl -H "$TOKEN" "$VM/rrddata?timeframe=hour&cf=MAX"
expect 200 '{"data":[{"time":'
curl -H "$TOKEN" "$VM/rrddata?timeframe=decade"
expect 400 "\"timeframe\":\"value 'decade' does not have a value in the enumeration 'hour, day, week, month, year'\""
curl -H "$TOKEN" "$HOST/api2/png/nodes/pve1/qemu/7100/rrd?ds=cpu&timeframe=hour"
expect '200 OK' 'Content-Type: image/png' 'PNG' 'IHDR' 'IEND'
curl -H "$TOKEN" "$VM/rrd?ds=cpu&timeframe=hour"
expect 200 '"filename":"' '"image":"'
until_answer 60 '"name":"by-curl"' curl -H "$TOKEN" "$PVE/cluster/resources?type=vm"
expect 200 '"id":"qemu/7100"'
curl -H "$TOKEN" "$PVE/nodes/pve1/tasks?vmid=7100&typefilter=qmstart&limit=1"
expect 200 '"type":"qmstart"' '"status":"OK"' '"total":'
curl -H "$TOKEN" "$PVE/nodes/pve1/tasks?vmid=7100&errors=1"
expect 200 '!"status":"OK"'

# ── Disks: enlarge, move, detach ──────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X PUT "$VM/resize" -d disk=scsi0 --data-urlencode size=+1G
expect 200 ':resize:7100:'
task OK
curl -H "$TOKEN" "$VM/config"
expect 200 '"scsi0":"local-lvm:vm-7100-disk-0,size=5G"'
curl -H "$TOKEN" -X POST "$VM/move_disk" -d disk=scsi0 -d storage=shared -d format=qcow2
expect 200 ':qmmove:7100:'
task OK
task_log 'create full clone of drive scsi0 (local-lvm:vm-7100-disk-0)'
curl -H "$TOKEN" "$VM/config"
expect 200 '"scsi0":"shared:' '"unused0":"local-lvm:vm-7100-disk-0"'
curl -H "$TOKEN" -X PUT "$VM/unlink" -d idlist=unused0 -d force=1
expect 200 '{"data":null}'
curl -H "$TOKEN" "$VM/config"
expect 200 '!unused0'
curl -H "$TOKEN" "$VM/move"
expect "501 Method 'GET /nodes/pve1/qemu/7100/move' not implemented"

# ── Cloud-init ────────────────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X PUT "$VM/config" -d ciuser=ada --data-urlencode 'ipconfig0=ip=192.0.2.7/24,gw=192.0.2.1' \
  --data-urlencode 'sshkeys=ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5AAAAIJ0Yk2vB6m0yFhDdR2k5ZcXv8XhD6u9yq3v0mZk1p0aB%20ada'
expect 200
curl -H "$TOKEN" "$VM/cloudinit"
expect 200 '"key":"ciuser"'
curl -H "$TOKEN" -X PUT "$VM/cloudinit"
expect 200 '{"data":null}'
curl -H "$TOKEN" "$VM/cloudinit/dump?type=user"
expect 200 '#cloud-config\nhostname: by-curl\nmanage_etc_hosts: true' 'user: ada' 'ssh-ed25519 AAAAC3'
curl -H "$TOKEN" "$VM/cloudinit/dump?type=network"
expect 200 "address: '192.0.2.7'" "gateway: '192.0.2.1'"

# ── Snapshots ─────────────────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$VM/snapshot" -d snapname=before -d 'description=as it was' -d vmstate=1
expect 200 ':qmsnapshot:7100:'
task OK
task_log 'saving VM state and RAM using storage'
curl -H "$TOKEN" "$VM/snapshot"
expect 200 '"name":"before"' '"vmstate":1' '"name":"current"' '"description":"You are here!"' '"parent":"before"' '"running":1'
curl -H "$TOKEN" "$VM/snapshot/before"
expect 200 '{"cmd":"rollback"}' '{"cmd":"config"}'
curl -H "$TOKEN" "$VM/snapshot/before/config"
expect 200 '"snaptime":' '"description":"as it was"' '"memory":"1024"' '"runningmachine":"'
curl -H "$TOKEN" -X PUT "$VM/snapshot/before/config" -d 'description=as it stood'
expect 200 '{"data":null}'
curl -H "$TOKEN" -X PUT "$VM/config" -d memory=768
expect 200
curl -H "$TOKEN" -X POST "$VM/snapshot/before/rollback"
expect 200 ':qmrollback:7100:'
task OK
curl -H "$TOKEN" "$VM/config"
expect 200 '"memory":"1024"'
curl -H "$TOKEN" "$VM/config?snapshot=before"
expect 200 '"description":"as it stood"'
for feature in snapshot copy; do
  curl -H "$TOKEN" "$VM/feature?feature=$feature"
  expect 200 '"hasFeature":1'
done
curl -H "$TOKEN" "$VM/feature?feature=clone"
expect 200 '"hasFeature":0'
curl -H "$TOKEN" -X DELETE "$VM/snapshot/before"
expect 200 ':qmdelsnapshot:7100:'
task OK

# ── Firewall ──────────────────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" "$VM/firewall"
for spec in rules aliases ipset refs options; do expect 200 "{\"name\":\"$spec\"}"; done
curl -H "$TOKEN" -X PUT "$VM/firewall/options" -d enable=1 -d policy_in=DROP
expect 200
curl -H "$TOKEN" "$VM/firewall/options"
expect 200 '"enable":1' '"policy_in":"DROP"' '"digest":"'
curl -H "$TOKEN" -X POST "$VM/firewall/aliases" -d name=office -d cidr=192.0.2.0/24
expect 200
curl -H "$TOKEN" -X PUT "$VM/firewall/aliases/office" -d cidr=198.51.100.0/24
expect 200
curl -H "$TOKEN" "$VM/firewall/aliases/office"
expect 200 '"cidr":"198.51.100.0/24"'
curl -H "$TOKEN" -X POST "$VM/firewall/ipset" -d name=trusted
expect 200
curl -H "$TOKEN" -X POST "$VM/firewall/ipset/trusted" -d cidr=203.0.113.9
expect 200
curl -H "$TOKEN" -X PUT "$VM/firewall/ipset/trusted/203.0.113.9" -d comment=ours
expect 200
curl -H "$TOKEN" "$VM/firewall/ipset/trusted/203.0.113.9"
expect 200 '"comment":"ours"'
curl -H "$TOKEN" -X POST "$VM/firewall/rules" -d type=in -d action=ACCEPT -d macro=SSH --data-urlencode source=+trusted -d enable=1
expect 200 '{"data":null}'
curl -H "$TOKEN" -X PUT "$VM/firewall/rules/0" -d comment=by-curl
expect 200
curl -H "$TOKEN" "$VM/firewall/rules"
expect 200 '"pos":0' '"macro":"SSH"' '"source":"+trusted"' '"comment":"by-curl"' '"enable":1'
curl -H "$TOKEN" "$VM/firewall/refs?type=ipset"
expect 200 '"name":"trusted"'
curl -H "$TOKEN" "$VM/firewall/log"
expect 200 '"n":'
curl -H "$TOKEN" -X DELETE "$VM/firewall/rules/0"
expect 200
curl -H "$TOKEN" -X DELETE "$VM/firewall/ipset/trusted"
expect "500 IPSet 'trusted' is not empty"
curl -H "$TOKEN" -X DELETE "$VM/firewall/ipset/trusted/203.0.113.9"
expect 200
curl -H "$TOKEN" -X DELETE "$VM/firewall/ipset/trusted"
expect 200
curl -H "$TOKEN" -X DELETE "$VM/firewall/aliases/office"
expect 200

# ── Consoles: what their requests answer; what then goes over them is another test's ──────────────────────────────
curl -H "$TOKEN" -X POST "$VM/vncproxy" -d websocket=1
expect 200 '"port":"59' 'PVEVNC:' '"cert":"-----BEGIN CERTIFICATE-----' '"upid":"UPID:pve1:' ':vncproxy:7100:' '"password":"'
curl -H "$TOKEN" -X POST "$VM/termproxy"
expect 200 '"port":"59' '"user":"root@pam!lab"' '"ticket":"PVEVNC:'
curl -H "$TOKEN" "$VM/vncwebsocket?port=5900&vncticket=PVEVNC%3A00000000%3A%3AAAAA"
expect '401 permission denied - invalid PVEVNC ticket'
curl -H "$TOKEN" -X POST "$VM/spiceproxy"
expect 200 '"type":"spice"' '"host":"pvespiceproxy:' '"proxy":"http://' ':3128"' '"password":"' '"title":"VM 7100 - by-curl"' \
  '"ca":"-----BEGIN CERTIFICATE-----' '"delete-this-file":1'
curl -H "$TOKEN" -X POST "$HOST/api2/spiceconfig/nodes/pve1/qemu/7100/spiceproxy"
expect 200 'Content-Type: application/x-virt-viewer;charset=UTF-8' '[virt-viewer]' 'type=spice' 'title=VM 7100 - by-curl'
curl -H "$TOKEN" -X POST "$PVE/nodes/pve1/qemu/100/spiceproxy"
expect '500 no spice port'

# ── Migration ─────────────────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" "$VM/migrate?target=pve2"
expect 200 '"running":1' '"allowed_nodes":[' '"local_disks":['
curl -H "$TOKEN" -X POST "$VM/migrate" -d target=pve2
expect "500 can't migrate running VM without --online"

# ── Stop, shut down, and what these say when there is nothing to do ───────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$VM/status/stop"
expect 200 ':qmstop:7100:'
task OK
curl -H "$TOKEN" -X POST "$HOST/api2/extjs/nodes/pve1/qemu/7100/status/stop"
expect 200 '"success":1'
task OK
curl -H "$TOKEN" -X POST "$HOST/api2/extjs/nodes/pve1/qemu/7100/status/reset"
expect '200 OK' '"success":0' '"status":500' '"message":"VM 7100 not running\n"' '"data":null'
curl -H "$TOKEN" -X POST "$VM/status/shutdown"
expect 200 ':qmshutdown:7100:'
task OK
curl -H "$TOKEN" -X POST "$VM/migrate" -d target=pve2 -d with-local-disks=1
expect 200 ':qmigrate:7100:'
task OK
task_log 'migration finished successfully'
VM=$PVE/nodes/pve2/qemu/7100

# ── Clones and templates ──────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$VM/clone" -d newid=7102 -d name=copy -d full=1 -d storage=shared -d target=pve3
expect 200 ':qmclone:7100:'
task OK
task_log 'create full clone of drive scsi0'
curl -H "$TOKEN" "$PVE/nodes/pve3/qemu/7102/config"
expect 200 '"name":"copy"' '!"lock"'
curl -H "$TOKEN" -X POST "$VM/clone" -d newid=7103
expect 200
task OK
curl -H "$TOKEN" "$PVE/nodes/pve2/qemu/7103/config"
expect 200 '"name":"Copy-of-VM-by-curl"'
curl -H "$TOKEN" -X POST "$VM/clone" -d newid=7104 -d full=0
expect '500 Linked clone feature is not supported for'
curl -H "$TOKEN" -X POST "$VM/clone" -d newid=7104 -d snapname=nosuch
expect "500 snapshot 'nosuch' does not exist"
curl -H "$TOKEN" -X POST "$VM/template"
expect 200 ':qmtemplate:7100:'
task OK
curl -H "$TOKEN" "$VM/config"
expect 200 '"template":1' 'base-7100-disk-0'
curl -H "$TOKEN" -X POST "$VM/clone" -d newid=7104 -d name=linked
expect 200
task OK
task_log 'create linked clone of drive scsi0'

# ── Delete ────────────────────────────────────────────────────────────────────────────────────────────────────────
for place in pve1/qemu/7101 pve2/qemu/7104 pve3/qemu/7102 pve2/qemu/7103 pve2/qemu/7100; do
  curl -H "$TOKEN" -X DELETE "$PVE/nodes/$place?purge=1&destroy-unreferenced-disks=1"
  expect 200 ':qmdestroy:'
  task OK
done
curl -H "$TOKEN" "$VM/config"
expect "500 Configuration file 'nodes/pve2/qemu-server/7100.conf' does not exist" \
  "\"message\":\"Configuration file 'nodes/pve2/qemu-server/7100.conf' does not exist\\n\""

finish
