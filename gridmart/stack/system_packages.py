"""Install what an environment cannot hold: `python3 -m gridmart.stack.system_packages browser|java`.

Standard library only. As root with apt-get it installs; otherwise it says in one line how.
"""

import os
import shutil
import subprocess
import sys

# need: package → a command or a file that proves it is there
NEEDS = {
    "browser": {
        "chromium": "chromium",
        "fonts-noto-cjk": "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
        "fonts-noto-color-emoji": "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf",
    },
    "java": {"openjdk-17-jre-headless": "java"},
}


def missing(need: str) -> list[str]:
    """The packages of a need that are not there."""
    return [
        package for package, proof in NEEDS[need].items()
        if not (os.path.exists(proof) if proof.startswith("/") else shutil.which(proof))  # noqa: PTH110
    ]  # fmt: skip


def main(need: str) -> int:
    """Install what is missing by apt-get, or say in one line how."""
    packages = missing(need)
    if not packages:
        print(f"  {need:<10} current")
        return 0
    words = ["apt-get", "install", "-y", "--no-install-recommends", "-qq", *packages]
    if not shutil.which("apt-get") or os.geteuid() != 0:
        print(f"next: install {' and '.join(packages)} (Debian: sudo {' '.join(words)})", file=sys.stderr)
        return 1
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=True)
    subprocess.run(words, env=quiet, check=True, stdout=subprocess.DEVNULL)
    print(f"  {need:<10} installed {' '.join(packages)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
