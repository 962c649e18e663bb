"""An Airflow DAG that ingests every night and stops the tasks behind it when too much failed."""

from datetime import datetime, timedelta

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG

with DAG(
    dag_id="docbeam_night",
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    # One run at a time per output.
    max_active_runs=1,
    # 1: too much failed; 3: the output was out of reach. Running again is safe: what is done is unchanged.
    default_args={"retries": 2, "retry_delay": timedelta(minutes=15)},
):
    KubernetesPodOperator(
        task_id="ingest",
        image="REGISTRY/docbeam:0.1.0",
        cmds=["docbeam"],
        arguments=[
            *("ingest", "gs://BUCKET/in", "--output", "gs://BUCKET/tables", "--quiet", "--json"),
            *("--max-failure-ratio", "0.02"),
        ],
        service_account_name="docbeam",
        get_logs=True,
    )
