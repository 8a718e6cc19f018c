#!/usr/bin/env bash
# What bad input gets from Proxmox VE: of each kind of mistake some literal requests, and the words of the refusal.
source "$(dirname "${BASH_SOURCE[0]}")/proxmox.sh" || exit 2
NODE=$PVE/nodes/pve1
VM=$NODE/qemu/7300
FORM='Content-Type: application/x-www-form-urlencoded'
JSON='Content-Type: application/json'
curl -H "$TOKEN" -X POST "$NODE/qemu" -d vmid=7300 -d name=victim -d memory=256 -d scsi0=local-lvm:2 -d agent=1 -d tags=stock
expect 200
task OK

# ── A value of a wrong type, out of its range, not in its list, of a wrong form ───────────────────────────────────
curl -H "$TOKEN" -X POST "$NODE/qemu" -d vmid=abc -d cores=0 -d foo=1
expect '400 Parameter verification failed.' '"message":"Parameter verification failed.\n"' \
  "\"vmid\":\"type check ('integer') failed - got 'abc'\"" '"cores":"value must have a minimum value of 1"' \
  '"foo":"property is not defined in schema and the schema does not allow additional properties"'
curl -H "$TOKEN" -X POST "$HOST/api2/extjs/nodes/pve1/qemu" -d vmid=abc
expect '200 OK' '"success":0' '"status":"400"' '"message":"Parameter verification failed.\n"' '"errors":{"vmid":"type check'
curl -H "$TOKEN" -X POST "$NODE/qemu" -d vmid=50
expect 400 '"vmid":"invalid format - value does not look like a valid VM ID\n"'
curl -H "$TOKEN" -X PUT "$VM/config" -d bios=coreboot
expect 400 "\"bios\":\"value 'coreboot' does not have a value in the enumeration 'seabios, ovmf'\""
curl -H "$TOKEN" -X PUT "$VM/config" -d onboot=true
expect 400 "\"onboot\":\"type check ('boolean') failed - got 'true'\""
curl -H "$TOKEN" -X PUT "$VM/config" -d name=not_a_name
expect 400 '"name":"invalid format - value does not look like a valid DNS name\n"'
curl -H "$TOKEN" -X PUT "$VM/config" --data-urlencode net0=bridge=vmbr0
expect 400 '"net0":"invalid format - format error\nnet0.model: property is missing and it is not optional\n"'
# A second `=` that is not encoded ends a value of a form: curl's --data-urlencode encodes it.
curl -H "$TOKEN" -X PUT "$VM/config" -d net0=virtio,bridge=vmbr0
expect 400 '"net0":"invalid format - duplicate key in comma-separated list property: model\n"'
curl -H "$TOKEN" -X PUT "$VM/config" -d agent=
expect 400 '"agent":"invalid format - format error\nagent.enabled: property is missing and it is not optional\n"'
curl -H "$TOKEN" -X PUT "$VM/config" -d cpu=pentium9
expect 400 "\"cpu\":\"invalid format - Built-in cputype 'pentium9' is not defined (missing 'custom-' prefix?)\\n\""
curl -H "$TOKEN" -X PUT "$VM/config" --data-urlencode 'tags=not/a/tag'
expect 400 '"tags":"invalid format - invalid characters in tag\n"'
curl -H "$TOKEN" -X PUT "$VM/config" -d "description=$(head -c 8200 /dev/zero | tr '\0' x)"
expect 400 '"description":"value may only be 8192 characters long"'
curl -H "$TOKEN" -X PUT "$VM/resize" -d disk=scsi0 -d size=lots
expect 400 '"size":"value does not match the regex pattern"'

# ── A parameter that is missing, unknown, given twice, or against another ─────────────────────────────────────────
curl -H "$TOKEN" -X POST "$NODE/qemu"
expect 400 '"vmid":"property is missing and it is not optional"'
# Rights are looked at first, and those to clone are rights to the new VM.
curl -H "$TOKEN" -X POST "$VM/clone"
expect '403 Permission check failed' '{"data":null,"message":"Permission check failed\n"}'
curl -H "$TOKEN" -X POST "$VM/snapshot"
expect 400 '"snapname":"property is missing and it is not optional"'
curl -H "$TOKEN" -X PUT "$VM/resize" -d disk=scsi0
expect 400 '"size":"property is missing and it is not optional"'
curl -H "$TOKEN" "$PVE/cluster/resources?kind=vm"
expect 400 '"kind":"property is not defined in schema and the schema does not allow additional properties"'
curl -H "$TOKEN" -X PUT "$VM/config" -d vmid=7301 -d memory=512
expect 400 '"vmid":"duplicate parameter (already defined in URI) with conflicting values!"'
curl -H "$TOKEN" -X PUT "$VM/config" -d force=1
expect 400 "\"delete\":\"missing property required by 'force'\""
curl -H "$TOKEN" -X PUT "$VM/config" -d cores=2 -d delete=cores
expect 400 "\"delete\":\"you can't use '-cores' and -delete cores' at the same time\""
curl -H "$TOKEN" -X PUT "$VM/config" -d delete=nosuch
expect 400 "\"delete\":\"unknown option 'nosuch'\""
curl -H "$TOKEN" "$VM/config?current=1&snapshot=xx"
expect 400 "\"snapshot\":\"cannot use 'snapshot' parameter with 'current'\""
curl -H "$TOKEN" -X POST "$VM/move_disk" -d disk=scsi0
expect 400 "both 'storage' and 'target-vmid' missing, either needs to be set"

# ── A wrong state ─────────────────────────────────────────────────────────────────────────────────────────────────
for action in reset reboot suspend resume; do
  curl -H "$TOKEN" -X POST "$VM/status/$action"
  expect '500 VM 7300 not running' '{"data":null,"message":"VM 7300 not running\n"}'
done
curl -H "$TOKEN" -X PUT "$VM/sendkey" -d key=ret
expect '500 VM 7300 not running'
curl -H "$TOKEN" -X POST "$VM/monitor" -d 'command=info status'
expect 200 '{"data":"ERROR: VM 7300 not running\n"}'
curl -H "$TOKEN" -X POST "$VM/agent/ping"
expect '500 VM 7300 is not running'
curl -H "$TOKEN" -X POST "$VM/spiceproxy"
expect '500 VM 7300 not running'
curl -H "$TOKEN" -X PUT "$VM/config" -d delete=agent
expect 200
curl -H "$TOKEN" -X POST "$VM/agent/ping"
expect '500 No QEMU guest agent configured'
curl -H "$TOKEN" -X POST "$VM/snapshot/nosuch/rollback"
expect 200 ':qmrollback:7300:'
task "snapshot 'nosuch' does not exist"
curl -H "$TOKEN" -X POST "$VM/snapshot" -d snapname=current
expect "500 unable to use snapshot name 'current' (reserved name)"
curl -H "$TOKEN" -X PUT "$VM/resize" -d disk=scsi0 -d size=1G
expect 200 ':resize:7300:'
task 'shrinking disks is not supported'
curl -H "$TOKEN" -X PUT "$VM/resize" -d disk=scsi9 --data-urlencode size=+1G
expect 200
task "disk 'scsi9' does not exist"
curl -H "$TOKEN" -X POST "$VM/move_disk" -d disk=scsi0 -d storage=local-lvm
expect "500 you can't move to the same storage with same format"
curl -H "$TOKEN" -X PUT "$VM/config" -d balloon=9999
expect '500 balloon value too large (must be smaller than assigned memory)'
curl -H "$TOKEN" -X PUT "$VM/config" -d agent=1 -d protection=1
expect 200
curl -H "$TOKEN" -X DELETE "$VM"
expect "500 can't remove VM 7300 - protection mode enabled"
curl -H "$TOKEN" -X PUT "$VM/config" -d protection=0
expect 200
curl -H "$TOKEN" -X POST "$VM/status/start"
expect 200
task OK
curl -H "$TOKEN" -X POST "$VM/status/start"
expect 200 ':qmstart:7300:'
task 'VM 7300 already running'
curl -H "$TOKEN" -X DELETE "$VM"
expect '500 VM 7300 is running - destroy failed'
curl -H "$TOKEN" -X POST "$VM/template"
expect "500 you can't convert a VM to template if VM is running"
curl -H "$TOKEN" -X POST "$VM/migrate" -d target=pve1
expect 400 '"target":"target is local node."'
curl -H "$TOKEN" -X POST "$VM/agent/ping"
expect '500 QEMU guest agent is not running'
curl -H "$TOKEN" -X POST "$VM/status/suspend"
expect 200
task OK
curl -H "$TOKEN" -X POST "$VM/status/shutdown"
expect '500 VM is paused - cannot shutdown'
curl -H "$TOKEN" -X POST "$VM/status/stop"
expect 200
task OK
curl -H "$TOKEN" -X POST "$NODE/qemu/9000/status/start"
expect 200
task "you can't start a vm if it's a template"
curl -H "$TOKEN" -X POST "$NODE/qemu/9000/snapshot" -d snapname=one
expect 200
task "you can't take a snapshot if it's a template"
curl -H "$TOKEN" -X POST "$NODE/qemu/9000/template"
expect "500 you can't convert a template to a template"

# ── Locked ────────────────────────────────────────────────────────────────────────────────────────────────────────
command curl -sS -o /dev/null -H "Authorization: Bearer $LAB_TOKEN" "$LAB_URL/faults" \
  -d '{"on":{"backEnd":"proxmox","vmid":7300},"what":{"kind":"lock-held","lock":"backup"}}'
curl -H "$TOKEN" "$VM/config"
expect 200 '"lock":"backup"'
curl -H "$TOKEN" -X PUT "$VM/config" -d memory=512
expect '500 VM is locked (backup)' '"message":"VM is locked (backup)\n"'
curl -H "$TOKEN" -X POST "$VM/clone" -d newid=7301
expect '500 VM is locked (backup)'
curl -H "$TOKEN" -X POST "$VM/status/start"
expect 200
task 'VM is locked (backup)'
curl -H "$TOKEN" -X PUT "$VM/config" -d delete=lock -d skiplock=1
expect 400 '"skiplock":"Only root may use this option."'
command curl -sS -o /dev/null -H "Authorization: Bearer $LAB_TOKEN" -X DELETE "$LAB_URL/faults"

# ── No permission, and what only root may do ──────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$PVE/access/users" -d userid=bob@pve
curl -H "$TOKEN" -X POST "$PVE/access/users/bob@pve/token/none" -d privsep=0
BOB="Authorization: PVEAPIToken=bob@pve!none=$(answer value)"
curl -H "$BOB" "$VM/config"
expect '403 Permission check failed (/vms/7300, VM.Audit)' '{"data":null,"message":"Permission check failed (/vms/7300, VM.Audit)\n"}'
curl -H "$BOB" -X DELETE "$VM"
expect '403 Permission check failed (/vms/7300, VM.Allocate)'
curl -H "$BOB" -X POST "$VM/status/stop"
expect '403 Permission check failed (/vms/7300, VM.PowerMgmt)'
curl -H "$BOB" -X PUT "$PVE/nodes/pve1/qemu/abc/config" -d memory=1
expect '403 Permission check failed (/vms/abc, VM.Config.Disk|VM.Config.CDROM|VM.Config.CPU|VM.Config.Memory|VM.Config.Network|VM.Config.HWType|VM.Config.Options|VM.Config.Cloudinit)'
curl -H "$BOB" "$PVE/nodes/pve1/qemu"
expect 200 '{"data":[]}'
curl -H "$BOB" -X POST "$NODE/storage/local/upload" -F content=iso -F "filename=@$scratch/head;filename=x.iso"
expect '403 Permission check failed (/storage/local, Datastore.AllocateTemplate)'
curl -H "$TOKEN" -X DELETE "$PVE/access/users/bob@pve"
expect 200
curl -H "$TOKEN" -X PUT "$VM/config" --data-urlencode 'args=-no-reboot'
expect "500 only root can set 'args' config"

# ── No such object, no such call ──────────────────────────────────────────────────────────────────────────────────
GONE=$NODE/qemu/7399
missing="500 Configuration file 'nodes/pve1/qemu-server/7399.conf' does not exist"
for path in config pending status/current status snapshot cloudinit agent/info migrate; do
  curl -H "$TOKEN" "$GONE/$path"
  expect "$missing"
done
curl -H "$TOKEN" -X DELETE "$GONE"
expect "$missing"
curl -H "$TOKEN" -X POST "$GONE/clone" -d newid=7301
expect "500 unable to find configuration file for VM 7399 on node 'pve1'"
curl -H "$TOKEN" -X POST "$GONE/status/start"
expect 200
task "Configuration file 'nodes/pve1/qemu-server/7399.conf' does not exist"
curl -H "$TOKEN" -X POST "$GONE/status/stop"
expect 200
task "unable to find configuration file for VM 7399 on node 'pve1'"
curl -H "$TOKEN" "$PVE/nodes/nowhere/qemu/7300/config"
expect "500 hostname lookup 'nowhere' failed - failed to get address info for: nowhere: Name or service not known"
curl -H "$TOKEN" -X POST "$VM/clone" -d newid=7301 -d target=nowhere
expect "500 no such cluster node 'nowhere'"
curl -H "$TOKEN" -X POST "$NODE/qemu" -d vmid=7301 -d scsi0=nosuch:4
expect "500 storage 'nosuch' does not exist"
curl -H "$TOKEN" -X POST "$NODE/qemu" -d vmid=7301 -d scsi0=local-lvm:vm-7301-disk-9
expect 200
task "unable to create VM 7301 - volume 'local-lvm:vm-7301-disk-9' does not exist"
curl -H "$TOKEN" "$NODE/storage/nosuch/status"
expect 400 '"storage":"No such storage."'
curl -H "$TOKEN" "$NODE/tasks/UPID:pve1:0000A1B2:0012D687:690F3C21:qmstart:100:root@pam:/status"
expect 400 '"upid":"no such task"'
curl -H "$TOKEN" "$NODE/tasks/nonsense/status"
expect 400 '"upid":"unable to parse worker upid"'
curl -H "$TOKEN" "$NODE/nosuch"
expect "501 Method 'GET /nodes/pve1/nosuch' not implemented" "{\"data\":null,\"message\":\"Method 'GET /nodes/pve1/nosuch' not implemented\"}"
curl -H "$TOKEN" -X POST "$PVE/version"
expect "501 Method 'POST /version' not implemented"
curl -H "$TOKEN" "$HOST/api2/xml/version"
expect '501 no formatter for uri /version, xml'
curl -H "$TOKEN" "$HOST/nosuch"
expect "500 no such file '/nosuch'"

# ── A request that is wrong as such ───────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X PATCH "$VM/config" -d memory=512
expect "501 method 'PATCH' not available"
curl -H "$TOKEN" -X DELETE "$VM" -d purge=1
expect "501 Unexpected content for method 'DELETE'"
curl -H "$TOKEN" -X PUT "$VM/config" -H 'Content-Type: application/yaml' -d 'memory: 512'
expect "506 upload 'Content-Type 'application/yaml' not implemented"
curl -H "$TOKEN" -X PUT "$VM/config" -H "$JSON" -d '{"memory":"512"'
expect '500 , or } expected while parsing object/hash, at character offset 15 (before "(end of string)")'
curl -H "$TOKEN" -X PUT "$VM/config" -H "$JSON" -d ''
expect '500 malformed JSON string, neither tag, array, object, number, string or atom, at character offset 0 (before "(end of string)")'
curl -H "$TOKEN" -X PUT "$VM/config" -H "$JSON" -d '["memory"]'
expect '500 Not a HASH reference'
curl -H "$TOKEN" -X PUT "$VM/config" -H "$JSON" -d '{"cores":{"size":1}}'
expect 400 "\"cores\":\"type check ('integer') failed - got HASH\""
curl -H "$TOKEN" -X PUT "$VM/config" -H "$FORM" -H 'Transfer-Encoding: chunked' -d memory=512
expect '501 chunked transfer encoding not supported'
head -c 600000 /dev/zero | tr '\0' x >"$scratch/large"
curl -H "$TOKEN" -X PUT "$VM/config" --data-binary "@$scratch/large"
expect '501 for data too large'
curl -H "$TOKEN" -X POST "$NODE/storage/local/upload" -F content=iso -F "file=@$scratch/large;filename=x.iso"
expect "500 wrong field name 'file' for file upload, expected 'filename'"
curl -H "$TOKEN" -X POST "$NODE/storage/local/upload" -F content=snippets -F "filename=@$scratch/large;filename=x.yaml"
expect 400 "\"content\":\"value 'snippets' does not have a value in the enumeration 'iso, vztmpl, import'\""

curl -H "$TOKEN" -X DELETE "$VM"
expect 200
task OK
finish
