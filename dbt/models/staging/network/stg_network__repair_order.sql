with source as (
    select * from {{ source("network", "oms_repair_order") }}
),

faults as (
    select fault_id, fault_no from {{ source("network", "oms_fault") }}
),

organisations as (
    select dept_id, dept_code from {{ source("network", "pms_dept") }}
),

states as (
    {{ codes_of("network", "oms_repair_order.status_code") }}
),

final as (
    select
        source.order_no::text as order_no,
        faults.fault_no::text as fault_no,
        organisations.dept_code::text as org_no,
        source.crew_name::text as crew_name,
        coalesce(states.contract_code, source.status_code)::text as status_code,
        source.report_time::timestamptz as reported_at,
        source.dispatch_time::timestamptz as dispatched_at,
        source.arrive_time::timestamptz as arrived_at,
        source.finish_time::timestamptz as finished_at,
        source.result_desc::text as result_zh
    from source
    left join faults on source.fault_id = faults.fault_id
    left join organisations on source.dept_id = organisations.dept_id
    left join states on source.status_code = states.source_code
)

select * from final
