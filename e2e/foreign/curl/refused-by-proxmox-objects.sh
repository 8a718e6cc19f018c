#!/usr/bin/env bash
# What bad input gets from Proxmox VE where it is about other objects than a VM itself: users, roles, pools, storages, firewalls, snapshots,
# disks, migrations, backups and the cluster's options.
source "$(dirname "${BASH_SOURCE[0]}")/proxmox.sh" || exit 2
NODE=$PVE/nodes/pve1
VM=$NODE/qemu/7350
curl -H "$TOKEN" -X POST "$NODE/qemu" -d vmid=7350 -d name=victim -d memory=256 -d scsi0=local-lvm:2 -d ide2=none,media=cdrom
expect 400 '"ide2":"invalid format - '
curl -H "$TOKEN" -X POST "$NODE/qemu" -d vmid=7350 -d name=victim -d memory=256 -d scsi0=local-lvm:2 --data-urlencode ide2=none,media=cdrom
expect 200
task OK

# ── Users, tokens, roles, rights ──────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$PVE/access/users" -d userid=mallory@pve
expect 200
curl -H "$TOKEN" -X POST "$PVE/access/users" -d userid=mallory@pve
expect "500 create user failed: user 'mallory@pve' already exists"
curl -H "$TOKEN" -X POST "$PVE/access/users" -d userid=mallory
expect 400 '"userid":"invalid format - '
curl -H "$TOKEN" "$PVE/access/users/nobody@pve"
expect "500 no such user ('nobody@pve')"
curl -H "$TOKEN" -X POST "$PVE/access/users/mallory@pve/token/t"
expect 400 '"tokenid":"'
curl -H "$TOKEN" -X POST "$PVE/access/roles" -d roleid=Few -d privs=VM.Monitor
expect 400 "\"privs\":\"invalid format - invalid privilege 'VM.Monitor'\\n\""
curl -H "$TOKEN" -X PUT "$PVE/access/roles/PVEAdmin" -d privs=VM.Audit
expect "500 auto-generated role 'PVEAdmin' cannot be modified"
curl -H "$TOKEN" -X DELETE "$PVE/access/roles/PVEAdmin"
expect "500 auto-generated role 'PVEAdmin' cannot be deleted"
curl -H "$TOKEN" -X POST "$PVE/access/roles" -d roleid=Few -d privs=VM.Audit
expect 200
curl -H "$TOKEN" -X POST "$PVE/access/roles" -d roleid=Few -d privs=VM.Audit
expect "500 create role failed: role 'Few' already exists"
curl -H "$TOKEN" -X PUT "$PVE/access/acl" -d path=/nowhere -d users=mallory@pve -d roles=Few
expect 400 "\"path\":\"invalid ACL path '/nowhere'\""
curl -H "$TOKEN" -X PUT "$PVE/access/acl" -d path=/vms -d roles=Few
expect 400 "\"users\":\"either 'users', 'groups' or 'tokens' is required.\""
curl -H "$TOKEN" -X PUT "$PVE/access/acl" -d path=/vms -d users=nobody@pve -d roles=Few
expect "500 ACL update failed: user 'nobody@pve' does not exist"
curl -H "$TOKEN" -X PUT "$PVE/access/acl" -d path=/vms -d users=mallory@pve -d roles=None
expect "500 ACL update failed: role 'None' does not exist"
curl -H "$TOKEN" -X DELETE "$PVE/access/roles/Few"
expect 200
curl -H "$TOKEN" -X DELETE "$PVE/access/users/mallory@pve"
expect 200

# ── Pools ─────────────────────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$PVE/pools" -d poolid=office
expect "500 create pool failed: pool 'office' already exists"
curl -H "$TOKEN" -X POST "$PVE/pools" -d poolid=9lives
expect '500 create pool failed: pool name must start with a letter'
curl -H "$TOKEN" -X POST "$PVE/pools" -d poolid=nosuch/web
expect "500 create pool failed: parent 'nosuch' of pool 'nosuch/web' does not exist"
curl -H "$TOKEN" -X PUT "$PVE/pools" -d poolid=office -d vms=100
expect '500 update pools failed: VM 100 is already a pool member'
curl -H "$TOKEN" -X PUT "$PVE/pools" -d poolid=office -d vms=7350 -d delete=1
expect '500 update pools failed: VM 7350 is not a pool member'
curl -H "$TOKEN" -X PUT "$PVE/pools" -d poolid=nosuch -d comment=x
expect "500 update pools failed: pool 'nosuch' does not exist"
curl -H "$TOKEN" -X POST "$NODE/qemu" -d vmid=7351 -d pool=nosuch
expect "403 Permission check failed (pool 'nosuch' does not exist)"

# ── Storages and volumes ──────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$PVE/storage" -d storage=local -d type=dir -d path=/srv
expect "500 create storage failed: storage ID 'local' already defined"
curl -H "$TOKEN" -X POST "$PVE/storage" -d storage=other -d type=dir
expect "500 missing value for required option 'path'"
curl -H "$TOKEN" -X PUT "$PVE/storage/nosuch" -d content=iso
expect "500 update storage failed: storage 'nosuch' does not exist"
curl -H "$TOKEN" -X DELETE "$PVE/storage/nosuch"
expect "500 delete storage failed: storage 'nosuch' does not exist"
curl -H "$TOKEN" -X POST "$NODE/storage/local-lvm/content" -d vmid=7350 -d filename=vm-7350-disk-5 -d size=1T
expect 400 '"size":"value does not match the regex pattern"'
curl -H "$TOKEN" -X POST "$NODE/storage/local/content" -d vmid=7350 -d filename=x.raw -d size=1G -d format=qcow2
expect 400 '"format":"different storage formats (qcow2 != raw)"'
curl -H "$TOKEN" -X POST "$NODE/storage/local/upload" -F content=vztmpl -F "filename=@$scratch/head;filename=x.zip"
expect 400 '"filename":"wrong file extension"'
curl -H "$TOKEN" -X POST "$VM/clone" -d newid=7351 -d storage=nosuch
expect "500 storage 'nosuch' does not exist"
curl -H "$TOKEN" -X POST "$VM/clone" -d newid=100
expect '500 unable to create VM 100: config file already exists'
curl -H "$TOKEN" -X POST "$VM/clone" -d newid=7351 -d target=pve2
expect "500 can't clone VM to node 'pve2' (VM uses local storage)"
curl -H "$TOKEN" -X POST "$PVE/nodes/pve1/qemu/9000/clone" -d newid=7351 -d storage=shared
expect "500 parameter 'storage' not allowed for linked clones"

# ── Disks and drives ──────────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X PUT "$VM/config" -d scsi1=nosuch:4
expect 500
curl -H "$TOKEN" -X PUT "$VM/config" --data-urlencode scsi1=local:iso/debian-12.11.0-amd64-netinst.iso
expect "500 explicit 'media=cdrom' is required for iso images"
curl -H "$TOKEN" -X PUT "$VM/config" --data-urlencode scsi1=local-lvm:4,import-from=local-lvm:vm-7350-disk-0
expect 400 "'import-from' requires special syntax - use <storage ID>:0,import-from=<source>"
curl -H "$TOKEN" -X PUT "$VM/config" --data-urlencode boot=order=scsi9
expect "500 invalid bootorder: device 'scsi9' does not exist'"
curl -H "$TOKEN" -X PUT "$VM/resize" -d disk=ide2 --data-urlencode size=+1G
expect 200
task "unable to parse volume ID 'none'"
curl -H "$TOKEN" -X PUT "$VM/resize" -d disk=unused0 -d size=4G
expect 400 "\"disk\":\"value 'unused0' does not have a value in the enumeration"
curl -H "$TOKEN" -X POST "$VM/move_disk" -d disk=scsi5 -d storage=shared
expect "500 disk 'scsi5' does not exist"
curl -H "$TOKEN" -X POST "$VM/move_disk" -d disk=ide2 -d storage=shared
expect "500 you can't move a cdrom"
curl -H "$TOKEN" -X POST "$VM/move_disk" -d disk=scsi0 -d storage=shared -d target-vmid=100
expect 400 "either set 'storage' or 'target-vmid', but not both"
curl -H "$TOKEN" -X POST "$VM/move_disk" -d disk=scsi0 -d target-vmid=7350
expect 400 '"target-vmid":"must be different than source VMID to reassign disk"'
curl -H "$TOKEN" -X POST "$VM/move_disk" -d disk=scsi0 -d target-vmid=7399 -d target-disk=scsi5
expect '500 could not find target VM 7399'

# ── Snapshots ─────────────────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$VM/snapshot" -d snapname=1
expect 400 '"snapname":"'
curl -H "$TOKEN" -X POST "$VM/snapshot" -d snapname=first
expect 200
task OK
curl -H "$TOKEN" -X POST "$VM/snapshot" -d snapname=first
expect 200
task "snapshot name 'first' already used"
curl -H "$TOKEN" "$VM/snapshot/second/config"
expect "500 snapshot 'second' does not exist"
curl -H "$TOKEN" -X PUT "$VM/snapshot/second/config" -d description=x
expect "500 snapshot 'second' does not exist"
curl -H "$TOKEN" -X DELETE "$VM/snapshot/second"
expect 200
task "snapshot 'second' does not exist"
curl -H "$TOKEN" -X POST "$VM/template"
expect '500 unable to create template, because VM contains snapshots'

# ── Migration ─────────────────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$VM/migrate" -d target=nowhere
expect "500 no such cluster node 'nowhere'"
curl -H "$TOKEN" -X POST "$VM/migrate"
expect 400 '"target":"property is missing and it is not optional"'
curl -H "$TOKEN" -X POST "$VM/migrate" -d target=pve2 -d force=1
expect 400 '"force":"Only root may use this option."'

# ── Firewall ──────────────────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$VM/firewall/rules" -d type=in
expect 400 '"action":"property is missing and it is not optional"'
curl -H "$TOKEN" -X POST "$VM/firewall/rules" -d type=in -d action=ACCEPT -d dport=22
expect 400 "\"proto\":\"missing property - 'dport' requires this property"
curl -H "$TOKEN" "$VM/firewall/rules/5"
expect '500 no rule at position 5'
curl -H "$TOKEN" "$VM/firewall/aliases/nosuch"
expect 400 '"name":"no such alias"'
curl -H "$TOKEN" "$VM/firewall/ipset/nosuch"
expect "500 no such IPSet 'nosuch'"
curl -H "$TOKEN" -X PUT "$VM/firewall/options" -d delete=nosuch
expect 400 "\"delete\":\"no such option 'nosuch'\""
curl -H "$TOKEN" -X PUT "$VM/firewall/options" -d enable=1 -d digest=0000000000000000000000000000000000000000
expect '500 detected modified configuration - file changed by other user? Try again.'

# ── Backup jobs, high availability, options of the cluster ────────────────────────────────────────────────────────
curl -H "$TOKEN" -X DELETE "$PVE/cluster/backup/nosuch"
expect '500 400 Parameter verification failed.'
curl -H "$TOKEN" "$PVE/cluster/ha/resources/vm:7399"
expect "500 no such resource 'vm:7399'"
curl -H "$TOKEN" "$PVE/cluster/ha/groups"
expect '500 cannot index groups: ha groups have been migrated to rules'
curl -H "$TOKEN" "$NODE/rrddata?timeframe=century"
expect 400 "\"timeframe\":\"value 'century' does not have a value in the enumeration 'hour, day, week, month, year, decade'\""
curl -H "$TOKEN" "$NODE/rrddata"
expect 400 '"timeframe":"property is missing and it is not optional"'
curl -H "$TOKEN" "$PVE/cluster/nextid?vmid=12"
expect 400 '"vmid":"invalid format - value does not look like a valid VM ID\n"'

curl -H "$TOKEN" -X DELETE "$VM"
expect 200
task OK
finish
