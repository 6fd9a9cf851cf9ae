"""This machine: its clock, its disks, who can read the keys, when certificates end."""

import shutil
import ssl
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from deploy.doctor.findings import Finding, is_well
from shared.calendar import find_unknown_years

CALENDAR_AHEAD = timedelta(days=21)
CLOCK_DIFFERENCE_MAX = timedelta(seconds=2)
FREE_PERCENT_SOON, FREE_PERCENT_WRONG = 20, 10
CERTIFICATE_SOON, CERTIFICATE_WRONG = timedelta(days=30), timedelta(days=7)
OTHERS_READ, GROUP_WRITES = 0o007, 0o020


def check_clock(asked_at: datetime, answered_at: datetime, there: datetime) -> Finding:
    """there: the database's, by which deadlines go. asked_at, answered_at: ours; a slow answer is
    no wrong clock."""
    difference = max(asked_at - there, there - answered_at, timedelta())
    state = f"与数据库相差 {difference.total_seconds():.1f} 秒"
    if difference <= CLOCK_DIFFERENCE_MAX:
        return is_well("时钟", state)
    return Finding("时钟", "wrong", state, "两边都用 NTP 校时（chronyc tracking），再重启服务。")


def check_calendar(now: datetime) -> Finding:
    """Deadlines are in working days, and some end after New Year."""
    years = find_unknown_years(now, now + CALENDAR_AHEAD)
    if not years:
        return is_well("节假日", f"知道 {(now + CALENDAR_AHEAD).year} 年的放假安排")
    state = f"还不知道 {years[0]} 年的放假安排：周一至周五都算工作日"
    return Finding(
        "节假日", "soon", state, "安装新版 chinesecalendar（每年冬季发布），再重启服务。"
    )


def check_disk(folder: Path) -> Finding:
    subject = f"磁盘 {folder}"
    try:
        usage = shutil.disk_usage(folder)
    except OSError as error:
        return Finding(subject, "unseen", str(error.strerror), "在有这个目录的机器上再查一次。")
    percent = 100 * usage.free / usage.total
    state = f"剩余 {percent:.0f}%（{usage.free / 2**30:.1f} GiB）"
    advice = "清理或扩容：写满后账本停止公布，数据库停止写入。"
    if percent < FREE_PERCENT_WRONG:
        return Finding(subject, "wrong", state, advice)
    if percent < FREE_PERCENT_SOON:
        return Finding(subject, "soon", state, advice)
    return is_well(subject, state)


def check_folder_is_written(folder: Path) -> Finding:
    """By a file that is taken away again."""
    subject = f"写入 {folder}"
    probe = folder / ".doctor"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        advice = "改为服务的用户可写（容器里是 10001），并查是否写满或只读挂载。"
        return Finding(subject, "wrong", str(error.strerror), advice)
    return is_well(subject, "可写")


def check_keys(secrets_dir: Path) -> Finding:
    """Of the group a container's files may be; others may read nothing."""
    subject = f"密钥权限 {secrets_dir}"
    try:
        files = [file for file in sorted(secrets_dir.iterdir()) if file.is_file()]
    except OSError as error:
        return Finding(subject, "unseen", str(error.strerror), "用服务的用户运行 doctor。")
    open_files = [
        file.name
        for file in files
        if file.stat().st_mode & (OTHERS_READ | GROUP_WRITES) and file.stat().st_size
    ]
    if open_files:
        listed = "、".join(open_files[:5])
        advice = f"chmod 600 {secrets_dir}/*；不能排除已被别人读过的，按 rotate-keys 手册更换。"
        return Finding(subject, "wrong", f"别人可读写：{listed}", advice)
    if not any(file.name == "root.key" for file in files):
        return Finding(subject, "wrong", "没有 root.key", "从备份恢复：guanjia keys restore。")
    return is_well(subject, f"{len(files)} 个文件，只有所有者可读")


def check_certificates(files: Iterable[Path], now: datetime) -> Iterator[Finding]:
    for file in files:
        try:
            certificates = x509.load_pem_x509_certificates(file.read_bytes())
        except (OSError, ValueError) as error:
            yield Finding(f"证书 {file}", "wrong", str(error), "放入 PEM 格式的证书和证书链。")
            continue
        end = min(each.not_valid_after_utc for each in certificates)
        yield check_certificate_end(str(file), end, now)


def check_certificate_end(name: str, end: datetime, now: datetime) -> Finding:
    subject, left = f"证书 {name}", end - now
    state = f"{end:%Y-%m-%d} 到期（还有 {left.days} 天）"
    advice = "更换证书并逐个重启（docs/runbooks/rotate-keys.md）。"
    if left < CERTIFICATE_WRONG:
        return Finding(subject, "wrong", state, advice)
    if left < CERTIFICATE_SOON:
        return Finding(subject, "soon", state, advice)
    return is_well(subject, state)


def read_peer_certificate(host: str, port: int) -> x509.Certificate:
    """Whoever signed it. Raises OSError."""
    return x509.load_pem_x509_certificate(ssl.get_server_certificate((host, port)).encode())
