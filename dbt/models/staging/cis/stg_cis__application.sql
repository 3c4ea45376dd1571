with source as (
    select * from {{ source("cis", "s_app") }}
),

kinds as (
    {{ codes_of("cis", "s_app.app_type_code") }}
),

states as (
    {{ codes_of("cis", "s_app.status_code") }}
),

final as (
    select
        source.app_no::text as application_no,
        coalesce(kinds.contract_code, source.app_type_code)::text as kind_code,
        source.cons_no::text as account_no,
        source.org_no::text as org_no,
        source.orgn_cap::numeric(12, 2) as capacity_before_kva,
        source.req_cap::numeric(12, 2) as capacity_wanted_kva,
        source.app_time::timestamptz as applied_at,
        source.end_time::timestamptz as ended_at,
        coalesce(states.contract_code, source.status_code)::text as status_code
    from source
    left join kinds on source.app_type_code = kinds.source_code
    left join states on source.status_code = states.source_code
)

select * from final
