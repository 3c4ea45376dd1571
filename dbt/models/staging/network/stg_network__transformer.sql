with source as (
    select * from {{ source("network", "pms_transformer") }}
),

feeders as (
    select line_id, line_code from {{ source("network", "pms_line") }}
),

organisations as (
    select dept_id, dept_code from {{ source("network", "pms_dept") }}
),

ownerships as (
    {{ codes_of("network", "asset_nature") }}
),

final as (
    select
        source.tran_code::text as transformer_no,
        source.tran_name::text as transformer_name,
        feeders.line_code::text as feeder_no,
        organisations.dept_code::text as org_no,
        source.cap_kva::numeric(12, 3) as rated_kva,
        coalesce(ownerships.contract_code, source.asset_nature)::text as ownership_code
    from source
    left join feeders on source.line_id = feeders.line_id
    left join organisations on source.dept_id = organisations.dept_id
    left join ownerships on source.asset_nature = ownerships.source_code
)

select * from final
