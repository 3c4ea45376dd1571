"""Build the warehouse with dbt: staging, intermediate, candidate marts, each followed by its tests.

Starts when a source that models read has new data. One `dbt build` runs; every subject is a task that watches its
marts (Cosmos, watcher mode). A failing test keeps what depends on it as it was. dbt itself stores the results of all
tests as gate "between layers" when it ends. Emits `marts`.

When it fails: a red subject names its marts that were not built; the log of `dbt_producer_watcher` has the error or
the failing rows' query of each. Repair, and trigger this DAG again; clearing single tasks builds nothing.
"""

from airflow.sdk import DAG
from dbt_group import dbt_group, dbt_vars
from wiring import DEFAULTS, MARTS, RAW, RAW_AMI, announce

with DAG(
    dag_id="build_warehouse",
    schedule=RAW_AMI | RAW["cis"] | RAW["network"] | RAW["market"] | RAW["crm"] | RAW["weather"] | RAW["calendar"],
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    doc_md=__doc__,
    tags=["warehouse"],
    user_defined_macros={"dbt_vars": dbt_vars},
):
    build = dbt_group("dbt", select="path:models/marts", build="+path:models")
    build >> announce(MARTS)
