"""The Great Expectations context: suites and results as files under var/quality, nothing called home."""

import logging
import os
import warnings
from pathlib import Path
from typing import Any

from gridmart.settings import settings

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read by the library when it is imported


def gx() -> Any:
    """The great_expectations module, quiet."""
    warnings.filterwarnings("ignore", module="great_expectations")
    import great_expectations

    for name in ("great_expectations", "great_expectations.expectations.registry"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return great_expectations


def store_dir() -> Path:
    """Folder of stored suites and validation results, from which Data Docs are built."""
    return settings().var_dir / "quality" / "store"


def docs_dir() -> Path:
    """Folder of the Data Docs site."""
    return settings().var_dir / "quality" / "docs"


def context() -> Any:
    """A context whose stores are files; connections live in memory alone, so no password is written."""
    library = gx()
    from great_expectations.data_context.types.base import DataContextConfig

    def files(name: str) -> dict[str, Any]:
        return {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(store_dir() / name)}

    memory = {"class_name": "InMemoryStoreBackend"}
    made = library.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            config_version=4.0,
            stores={
                "expectations": {"class_name": "ExpectationsStore", "store_backend": files("suites")},
                "results": {"class_name": "ValidationResultsStore", "store_backend": files("results")},
                "checkpoints": {"class_name": "CheckpointStore", "store_backend": memory},
                "validation_definition_store": {"class_name": "ValidationDefinitionStore", "store_backend": memory},
            },
            expectations_store_name="expectations",
            validation_results_store_name="results",
            checkpoint_store_name="checkpoints",
            data_docs_sites={
                "gridmart": {
                    "class_name": "SiteBuilder",
                    "site_name": "gridmart",
                    "show_how_to_buttons": False,
                    "store_backend": {
                        "class_name": "TupleFilesystemStoreBackend",
                        "base_directory": str(docs_dir()),
                    },
                    "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
                }
            },
            analytics_enabled=False,
        ),
    )
    made.variables.progress_bars = {"globally": False}
    return made
