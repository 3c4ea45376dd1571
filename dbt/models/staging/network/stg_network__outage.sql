with source as (
    select * from {{ source("network", "oms_outage") }}
),

transformers as (
    select psr_id, tran_code from {{ source("network", "pms_transformer") }}
),

feeders as (
    select line_id, line_code from {{ source("network", "pms_line") }}
),

faults as (
    select fault_id, fault_no from {{ source("network", "oms_fault") }}
),

kinds as (
    {{ codes_of("network", "outage_type") }}
),

equipment as (
    {{ codes_of("network", "equip_type") }}
),

states as (
    {{ codes_of("network", "oms_outage.status_code") }}
),

final as (
    select
        source.outage_no::text as outage_no,
        coalesce(kinds.contract_code, source.outage_type)::text as outage_kind,
        coalesce(equipment.contract_code, source.equip_type)::text as equipment_kind,
        transformers.tran_code::text as transformer_no,
        feeders.line_code::text as feeder_no,
        faults.fault_no::text as fault_no,
        source.cause_code::text as cause_code,
        source.cause_desc::text as cause_zh,
        source.cons_num::int as customers,
        source.plan_start::timestamptz as planned_start_at,
        source.plan_end::timestamptz as planned_end_at,
        source.start_time::timestamptz as start_at,
        source.end_time::timestamptz as end_at,
        coalesce(states.contract_code, source.status_code)::text as status_code
    from source
    left join transformers on source.psr_id = transformers.psr_id
    left join feeders on source.line_id = feeders.line_id
    left join faults on source.fault_id = faults.fault_id
    left join kinds on source.outage_type = kinds.source_code
    left join equipment on source.equip_type = equipment.source_code
    left join states on source.status_code = states.source_code
)

select * from final
