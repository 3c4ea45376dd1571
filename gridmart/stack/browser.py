"""Install what the browser test needs: `python3 -m gridmart.stack.browser`. Standard library only."""

import os
import shutil
import subprocess
import sys

PACKAGES = {"chromium": "chromium", "fonts-noto-cjk": "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"}


def missing() -> list[str]:
    """The packages that are not there."""
    return [
        package for package, proof in PACKAGES.items()
        if not (os.path.exists(proof) if proof.startswith("/") else shutil.which(proof))  # noqa: PTH110
    ]  # fmt: skip


def main() -> int:
    """Install them by apt-get, or say in one line how."""
    packages = missing()
    if not packages:
        print("  browser    current")
        return 0
    words = ["apt-get", "install", "-y", "--no-install-recommends", "-qq", *packages]
    if not shutil.which("apt-get") or os.geteuid() != 0:
        print(f"next: install {' and '.join(packages)} (Debian: sudo {' '.join(words)})", file=sys.stderr)
        return 1
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=True)
    subprocess.run(words, env=quiet, check=True, stdout=subprocess.DEVNULL)
    print(f"  browser    installed {' '.join(packages)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
