"""The stages of ``dvc.yaml``: each loads typed parameters, calls the library, writes its outs.

The library beside this folder comes first on the path: `dvc exp run --temp` and `--queue` work in a
copy of the project, where an installed package would still be the one of the original folder.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
