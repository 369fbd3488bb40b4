"""``corridor vm``: a Debian machine with everything set up, built here and booted by QEMU."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import whole

if TYPE_CHECKING:
    from corridor.experiments.machines.boot import Wanted
    from corridor.experiments.machines.handover import Handover
    from corridor.experiments.machines.recipe import Image

EXAMPLES = """examples:
  corridor vm build                      an image from Debian's packages, without root
  corridor vm run                        boot it; Ctrl-C ends it
  corridor vm ssh                        enter it, from another terminal
  corridor vm ssh sudo ./corridor run mini --testbed native
  corridor vm run --clock virtual -- sudo ./corridor run mini --testbed native
                                         one command, in exact time, then off
  corridor vm box --provider libvirt     for vagrant up, without any registry
  corridor vm export corridor.ova --key ~/.ssh/id_ed25519.pub
  corridor vm cloud-init > user-data     the same on a cloud image"""
REAL_LIMIT_S, TRANSLATED_LIMIT_S = 300.0, 1800.0
ERRAND_LIMIT_S = 6 * 3600.0


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "vm",
        description="A complete Debian 13 machine with its own kernel and systemd, built from "
        "Debian packages and booted by QEMU, both without root.",
        epilog=EXAMPLES,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    build = actions.add_parser("build", help="build the image, unless it is there")
    build.add_argument("--rebuild", action="store_true", help="build it even if it is there")
    build.add_argument("--json", action="store_true", help="print JSON")
    run = actions.add_parser("run", help="boot it; with a command, run that in it and power off")
    _add_run(run)
    ssh = actions.add_parser("ssh", help="enter the machine that runs, or run a command in it")
    ssh.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND", help="of its shell")
    box = actions.add_parser("box", help="write a Vagrant box, and a catalogue that lists it")
    box.add_argument(
        "--provider", choices=("libvirt", "virtualbox"), default="libvirt", help="of Vagrant"
    )
    box.add_argument("--out", default=".", metavar="DIR", help="where to write them")
    box.add_argument(
        "--address", default="", metavar="URL", help="the folder from which others fetch the boxes"
    )
    export = actions.add_parser("export", help="write its disk (.qcow2, .vmdk) or an .ova")
    export.add_argument("file", metavar="FILE", help="the ending sets the format")
    export.add_argument("--force", action="store_true", help="replace FILE if it exists")
    export.add_argument("--key", metavar="FILE", help="a public key that may log in as vagrant")
    cloud = actions.add_parser("cloud-init", help="print user data for a cloud image of Debian 13")
    cloud.add_argument("--clone", default="", metavar="URL", help="have it clone this and set up")
    for action in (build, run, box, export, cloud):
        action.add_argument("--arch", default="", metavar="ARCH", help="amd64 or arm64")
    for action in (build, run, box, export):
        action.add_argument(
            "--sources", default="", metavar="SOURCES", help="apt's file or mirror to build from"
        )


def _add_run(run: Any) -> None:
    run.add_argument(
        "command", nargs="*", metavar="COMMAND", help="behind --: run this as the user vagrant"
    )
    run.add_argument(
        "--clock",
        choices=("real", "virtual"),
        default="real",
        help="virtual, with a command: a nanosecond for each instruction, sleep skipped",
    )
    run.add_argument(
        "--no-kvm",
        action="store_true",
        help="translate instructions, where KVM is there and does not work (real clock)",
    )
    run.add_argument(
        "--cpus",
        type=whole(1, 257, "1 to 256 processors"),
        default=2,
        metavar="N",
        help="processors (real clock)",
    )
    run.add_argument(
        "--memory",
        type=whole(256, 2**20, "256 MB or more"),
        default=4096,
        metavar="MB",
        help="memory (real clock)",
    )
    run.add_argument(
        "--port",
        type=whole(0, 2**16, "a port is 1 to 65535; 0 is a free one"),
        default=0,
        metavar="PORT",
        help="of ssh, on loopback",
    )
    run.add_argument("--results", default="results", metavar="DIR", help="the machine's results")


def run(args: argparse.Namespace) -> int:
    if args.action == "ssh":
        return _ssh(args)
    if args.action == "cloud-init":
        return _cloud_init(args)
    if args.action == "build":
        return _build(args)
    if args.action == "run":
        return _errand(args) if args.command else _run(args)
    return _box(args) if args.action == "box" else _export(args)


def _build(args: argparse.Namespace) -> int:
    from corridor.experiments.machines.recipe import other_images

    image = _image(args, rebuild=args.rebuild)
    if args.json:
        said = {
            "architecture": image.architecture,
            "identity": image.identity,
            "disk": str(image.disk),
            "kernel": str(image.kernel),
            "initrd": str(image.initrd),
            "packages": str(image.packages),
            "bytes": image.size_bytes(),
        }
        print(json.dumps(said, indent=2))
    else:
        print(f"{image}, {image.size_bytes() / 1e9:.1f} GB")
        for other in other_images(image):
            size = f"{other.size_bytes() / 1e9:.1f} GB"
            print(f"another version's, to be removed by hand: {other.folder}, {size}")
    return 0


def _run(args: argparse.Namespace) -> int:
    from corridor.experiments.machines import boot
    from corridor.experiments.machines.system_packages import ENTERING
    from corridor.experiments.terminal.live import waiting
    from corridor.topologies.base.errors import InputError
    from corridor.topologies.base.scratch import scratch_folder

    if args.clock == "virtual":
        raise InputError(
            "a machine with a virtual clock accepts no login", "name a command: -- COMMAND"
        )
    image = _image(args, *_booting(args), *ENTERING)
    port = args.port or boot.free_port()
    handed = _handover(boot.public_key())
    with scratch_folder() as folder:
        boot.hand_over(handed, folder)
        wanted = _wanted(args, ssh_port=port)
        machine = boot.as_boot(image, wanted, folder, _results(args))
        process = boot.start(machine, folder)
        to = boot.Running(port, process.pid)
        limit_s = TRANSLATED_LIMIT_S if machine.accelerator == "translated" else REAL_LIMIT_S
        try:
            boot.note(to)
            with waiting(f"booting it ({machine.accelerator})") as step:
                boot.wait_for_ssh(to, process, folder, limit_s, step)
            print("it runs: ./corridor vm ssh enters it, Ctrl-C ends it", flush=True)
            process.wait()
        except KeyboardInterrupt:
            boot.power_off(to, process)
        finally:
            boot.forget(to)
            process.kill()
            process.wait()
    return 0


def _errand(args: argparse.Namespace) -> int:
    from corridor.experiments.machines import boot

    image = _image(args, *_booting(args))
    handed = _handover("")._replace(errand=boot.errand_script(args.command))
    return boot.run_errand(
        image,
        handed,
        results=_results(args),
        wanted=_wanted(args),
        say=lambda line: print(line, flush=True),
        limit_s=ERRAND_LIMIT_S,
    )


def _ssh(args: argparse.Namespace) -> int:
    from corridor.experiments.machines.boot import running, ssh
    from corridor.experiments.machines.system_packages import ENTERING, require

    require(ENTERING, "corridor vm ssh")
    words = args.command[1:] if args.command[:1] == ["--"] else args.command
    return subprocess.run(ssh(running(), words), check=False).returncode


def _box(args: argparse.Namespace) -> int:
    from corridor.experiments.machines.export import write_box
    from corridor.experiments.machines.system_packages import EXPORTING

    folder = Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    image = _image(args, *EXPORTING)
    with _waiting("writing the box"):
        file, catalogue = write_box(
            image, _handover(""), args.provider, folder, address=args.address
        )
    print(f"{file}, {file.stat().st_size / 1e6:.0f} MB")
    print(f"vagrant box add {catalogue} --provider {args.provider}")
    return 0


def _export(args: argparse.Namespace) -> int:
    from corridor.experiments.machines.export import write_disk, write_ova
    from corridor.experiments.machines.system_packages import EXPORTING
    from corridor.topologies.base.bounded_file import is_there, read_text
    from corridor.topologies.base.errors import InputError

    file = Path(args.file)
    endings = (".qcow2", ".vmdk", ".ova")
    if file.suffix not in endings:
        raise InputError(f"{file}: its ending says no format", f"one of {', '.join(endings)}")
    if is_there(file) and not args.force:
        raise InputError("exists already", "name another file or add --force", file=str(file))
    key = read_text(args.key) if args.key else ""
    if "PRIVATE KEY" in key:
        raise InputError("is a private key, which stays where it is", "the .pub", file=args.key)
    image = _image(args, *EXPORTING)
    with _waiting(f"writing {file}"):
        if file.suffix == ".ova":
            write_ova(image, _handover(key), file)
        else:
            write_disk(image, _handover(key), file, "vmdk" if file.suffix == ".vmdk" else "qcow2")
    print(f"{file}, {file.stat().st_size / 1e6:.0f} MB")
    return 0


def _cloud_init(args: argparse.Namespace) -> int:
    from corridor.experiments.machines.handover import packages, user_data
    from corridor.experiments.machines.recipe import architecture_named
    from corridor.topologies.base.installation import CHECKOUT

    listed = (CHECKOUT / "experiments/setup/packages.txt").read_text(encoding="utf-8")
    names = packages(listed, architecture_named(args.arch))
    sys.stdout.write(user_data(names, clone=args.clone))
    return 0


def _booting(args: argparse.Namespace) -> tuple[str, ...]:
    from corridor.experiments.machines.recipe import architecture_named
    from corridor.experiments.machines.system_packages import emulator

    return (emulator(architecture_named(args.arch)),)


def _image(args: argparse.Namespace, *programs: str, rebuild: bool = False) -> Image:
    """The image, built if there is none; ``programs`` are run with it afterwards, so that a missing
    one is reported before the build."""
    from corridor.experiments.machines.build import build_image
    from corridor.experiments.machines.recipe import architecture_named
    from corridor.experiments.machines.system_packages import require

    require(programs, f"corridor vm {args.action}")

    def report(what: str) -> None:
        print(f"image: {what}", file=sys.stderr, flush=True)

    return build_image(architecture_named(args.arch), report, sources=args.sources, rebuild=rebuild)


def _wanted(args: argparse.Namespace, ssh_port: int | None = None) -> Wanted:
    from corridor.experiments.machines.boot import Wanted

    virtual = args.clock == "virtual"
    return Wanted(
        virtual, args.no_kvm, args.cpus, args.memory, ssh_port, seed=0 if virtual else None
    )


def _handover(public_key: str) -> Handover:
    from corridor.experiments.machines.handover import Handover
    from corridor.experiments.machines.kernel import find_kernel
    from corridor.topologies.base.installation import CHECKOUT

    built = find_kernel()
    return Handover(CHECKOUT, public_key, built.path.parent if built else None)


def _results(args: argparse.Namespace) -> Path:
    folder = Path(args.results).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _waiting(what: str) -> Any:
    from corridor.experiments.terminal.live import waiting

    return waiting(what)
