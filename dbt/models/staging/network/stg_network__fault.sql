with source as (
    select * from {{ source("network", "oms_fault") }}
),

transformers as (
    select psr_id, tran_code from {{ source("network", "pms_transformer") }}
),

feeders as (
    select line_id, line_code from {{ source("network", "pms_line") }}
),

kinds as (
    {{ codes_of("network", "equip_type") }}
),

final as (
    select
        source.fault_no::text as fault_no,
        coalesce(kinds.contract_code, source.equip_type)::text as equipment_kind,
        transformers.tran_code::text as transformer_no,
        feeders.line_code::text as feeder_no,
        (source.is_outage = 1) as is_outage,
        source.cause_code::text as cause_code,
        source.cause_desc::text as cause_zh,
        source.weather_code::text as weather_code,
        source.fault_time::timestamptz as occurred_at,
        source.report_time::timestamptz as reported_at,
        source.recover_time::timestamptz as recovered_at
    from source
    left join transformers on source.psr_id = transformers.psr_id
    left join feeders on source.line_id = feeders.line_id
    left join kinds on source.equip_type = kinds.source_code
)

select * from final
