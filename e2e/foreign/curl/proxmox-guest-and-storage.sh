#!/usr/bin/env bash
# What a guest's agent is asked, and what storages hold, as literal requests.
source "$(dirname "${BASH_SOURCE[0]}")/proxmox.sh" || exit 2
VM=$PVE/nodes/pve1/qemu/7200

# ── The guest agent ───────────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$PVE/nodes/pve1/qemu/9000/clone" -d newid=7200 -d name=guest
expect 200
task OK
curl -H "$TOKEN" -X PUT "$VM/config" -d ide2=local-lvm:cloudinit --data-urlencode ipconfig0=ip=192.0.2.20/24,gw=192.0.2.1 -d agent=1
expect 200
curl -H "$TOKEN" -X POST "$VM/status/start"
expect 200
task OK
until_answer 60 '{"result":{}}' curl -H "$TOKEN" -X POST "$VM/agent/ping"
expect 200
curl -H "$TOKEN" "$VM/agent"
for command in exec exec-status file-read file-write fsfreeze-freeze fsfreeze-status fsfreeze-thaw fstrim get-fsinfo get-host-name \
  get-memory-block-info get-memory-blocks get-osinfo get-time get-timezone get-users get-vcpus info network-get-interfaces ping \
  set-user-password shutdown suspend-disk suspend-hybrid suspend-ram; do expect 200 "{\"name\":\"$command\"}"; done
curl -H "$TOKEN" "$VM/agent/info"
expect 200 '"supported_commands":[' '"name":"guest-ping"'
curl -H "$TOKEN" "$VM/agent/get-host-name"
expect 200 '{"data":{"result":{"host-name":"guest"}}}'
curl -H "$TOKEN" "$VM/agent/get-osinfo"
expect 200 '"id":"debian"' '"kernel-release":"'
curl -H "$TOKEN" "$VM/agent/network-get-interfaces"
expect 200 '"name":"eth0"' '"ip-address":"192.0.2.20"' '"ip-address-type":"ipv4"' '"prefix":24' '"hardware-address":"bc:24:11:'
curl -H "$TOKEN" "$VM/agent/get-fsinfo"
expect 200 '"mountpoint":"/"'
for command in get-time get-timezone get-users get-vcpus get-memory-blocks get-memory-block-info; do
  curl -H "$TOKEN" "$VM/agent/$command"
  expect 200 '{"data":{"result":'
done
for command in fsfreeze-freeze fsfreeze-status fsfreeze-thaw fstrim; do
  curl -H "$TOKEN" -X POST "$VM/agent/$command"
  expect 200 '{"data":{"result":'
done
curl -H "$TOKEN" -X POST "$VM/agent/file-write" -d file=/tmp/greeting -d 'content=good day'
expect 200 '{"data":null}'
curl -H "$TOKEN" "$VM/agent/file-read?file=/tmp/greeting"
expect 200 '"content":"good day"' '"bytes-read":8'
curl -H "$TOKEN" -X POST "$VM/agent/exec" -d command=cat -d command=/tmp/greeting
expect 200 '"pid":'
until_answer 30 '"exited":1' curl -H "$TOKEN" "$VM/agent/exec-status?pid=$(answer pid)"
expect 200 '"exitcode":0' '"out-data":"good day"'
curl -H "$TOKEN" -X POST "$VM/agent/set-user-password" -d username=root -d password=correct-horse
expect 200 '{"data":{"result":{}}}'
curl -H "$TOKEN" -X POST "$VM/agent" -d command=get-host-name
expect 200 '"host-name":"guest"'
curl -H "$TOKEN" -X POST "$VM/agent/suspend-ram"
expect 200
until_answer 30 '"qmpstatus":"suspended"' curl -H "$TOKEN" "$VM/status/current"
expect 200 '"status":"running"'
curl -H "$TOKEN" -X POST "$VM/status/resume"
expect 200 ':qmresume:7200:'
task OK
until_answer 60 '{"result":{}}' curl -H "$TOKEN" -X POST "$VM/agent/ping"
curl -H "$TOKEN" -X POST "$VM/status/reboot"
expect 200 ':qmreboot:7200:'
task OK
until_answer 60 '{"result":{}}' curl -H "$TOKEN" -X POST "$VM/agent/ping"
curl -H "$TOKEN" -X POST "$VM/status/shutdown" -d timeout=120
expect 200 ':qmshutdown:7200:'
task OK
curl -H "$TOKEN" "$VM/status/current"
expect 200 '"status":"stopped"'

# ── What a storage holds ──────────────────────────────────────────────────────────────────────────────────────────
curl -H "$TOKEN" "$PVE/storage"
expect 200 '"storage":"local"' '"type":"dir"' '"storage":"local-lvm"' '"storage":"shared"'
curl -H "$TOKEN" "$PVE/nodes/pve1/storage/local/status"
expect 200 '"type":"dir"' '"content":"' '"avail":'
curl -H "$TOKEN" "$PVE/nodes/pve1/storage/local-lvm/content?vmid=7200"
expect 200 '"volid":"local-lvm:vm-7200-disk-0"' '"format":"raw"' '"vmid":7200'
curl -H "$TOKEN" "$PVE/nodes/pve1/storage/local/content?content=iso"
expect 200 '"volid":"local:iso/debian-12.11.0-amd64-netinst.iso"'

# ── Upload of an image, with its checksum ─────────────────────────────────────────────────────────────────────────
head -c 300000 /dev/zero >"$scratch/by-curl.iso"
SUM=$(sha256sum "$scratch/by-curl.iso" | cut -d ' ' -f 1)
curl -H "$TOKEN" -X POST "$PVE/nodes/pve1/storage/local/upload" -F content=iso -F checksum-algorithm=sha256 -F "checksum=$SUM" \
  -F "filename=@$scratch/by-curl.iso"
expect 200 ':imgcopy::root@pam!lab:'
task OK
task_log 'starting file import from: /var/tmp/pveupload-' 'target file: /var/lib/vz/template/iso/by-curl.iso' 'file size is: 300000' \
  'OK, checksum verified' 'finished file import successfully'
curl -H "$TOKEN" "$PVE/nodes/pve1/storage/local/content/local:iso/by-curl.iso"
expect 200 '"path":"/var/lib/vz/template/iso/by-curl.iso"'
curl -H "$TOKEN" -X PUT "$VM/config" --data-urlencode ide0=local:iso/by-curl.iso,media=cdrom
expect 200
curl -H "$TOKEN" "$VM/config"
expect 200 '"ide0":"local:iso/by-curl.iso,media=cdrom'
curl -H "$TOKEN" -X POST "$PVE/nodes/pve1/storage/local/upload" -F content=iso -F checksum-algorithm=sha256 -F "checksum=${SUM/?/g}" \
  -F "filename=@$scratch/by-curl.iso;filename=other.iso"
expect 200
task 'checksum mismatch: got '
curl -H "$TOKEN" -X POST "$PVE/nodes/pve1/storage/local/upload" -F content=iso -F "filename=@$scratch/by-curl.iso;filename=notes.txt"
expect 400 '"filename":"wrong file extension"'
curl -H "$TOKEN" -X POST "$PVE/nodes/pve1/storage/local-lvm/upload" -F content=iso -F "filename=@$scratch/by-curl.iso"
expect "500 can't upload to storage type 'lvmthin'"
# Nobody listens at that address. With a file of that name there is nothing to download.
curl -H "$TOKEN" -X POST "$PVE/nodes/pve1/storage/local/download-url" -d content=iso -d filename=afar.iso --data-urlencode url=http://127.0.0.1:1/afar.iso
expect 200 ':download:afar.iso:root@pam!lab:'
task 'download failed: '
curl -H "$TOKEN" -X POST "$PVE/nodes/pve1/storage/local/download-url" -d content=iso -d filename=by-curl.iso --data-urlencode url=http://127.0.0.1:1/x.iso
expect 200
task "refusing to override existing file '/var/lib/vz/template/iso/by-curl.iso'"
curl -H "$TOKEN" -X DELETE "$PVE/nodes/pve1/storage/local/content/local:iso/by-curl.iso"
expect 200 ':imgdel:local:root@pam!lab:'
task OK
task_log "Removed volume 'local:iso/by-curl.iso'"

# ── A volume by itself, and one that is in the way ────────────────────────────────────────────────────────────────
curl -H "$TOKEN" -X POST "$PVE/nodes/pve1/storage/local-lvm/content" -d vmid=7200 -d filename=vm-7200-disk-7 -d size=1G
expect 200 '{"data":"local-lvm:vm-7200-disk-7"}'
curl -H "$TOKEN" -X PUT "$VM/config" -d scsi7=local-lvm:vm-7200-disk-7
expect 200
curl -H "$TOKEN" -X PUT "$VM/config" -d delete=scsi7
expect 200
curl -H "$TOKEN" "$VM/config"
expect 200 '"unused0":"local-lvm:vm-7200-disk-7"'
curl -H "$TOKEN" -X DELETE "$PVE/nodes/pve1/storage/local-lvm/content/local-lvm:vm-7200-disk-7?delay=5"
expect 200 '{"data":null}'
curl -H "$TOKEN" -X DELETE "$VM?purge=1"
expect 200
task OK

finish
