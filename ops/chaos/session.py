"""One chaos session from its command line to its verdict; what is disturbed, and what must hold, is the caller's."""

import pathlib
import random
import shutil
import signal
import sys
import tempfile


def say(text):
    print(text, flush=True)


def add_options(parser, seed_help):
    parser.add_argument("--binaries", required=True, help="folder of the built programs")
    parser.add_argument("--seed", type=int, default=None, help=seed_help)
    parser.add_argument("--keep", action="store_true", help="leave the folder of the suite")


def parse(parser):
    options = parser.parse_args()
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    return options


def hold(kind, options):
    """Runs `kind(options, folder)` and takes its suite down; the exit status. A folder with something to see is left."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="needletail-chaos."))
    # Asked to stop, it still takes its suite down.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chaos = kind(options, folder)
    holds = False
    try:
        holds = chaos.run()
    finally:
        chaos.close()
        if holds and not options.keep:
            shutil.rmtree(folder)
        else:
            say(f"left for a look: {folder}")
    say("every promise held" if holds else "A PROMISE WAS BROKEN")
    return 0 if holds else 1
