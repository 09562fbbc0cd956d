"""The stages of ``dvc.yaml``: each loads typed parameters, calls the library, writes its outs.

The library beside this folder comes first on the path: in a copy of the project, as a second
checkout and `dvc exp run --temp` are, an installed package would be that of the original folder.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
