with source as (
    select * from {{ source("cis", "c_cons") }}
),

customers as (
    select cust_id, cust_no from {{ source("cis", "c_cust") }}
),

categories as (
    {{ codes_of("cis", "elec_type_code") }}
),

voltages as (
    {{ codes_of("cis", "volt_code") }}
),

statuses as (
    {{ codes_of("cis", "status_code") }}
),

final as (
    select
        source.cons_no::text as account_no,
        customers.cust_no::text as customer_no,
        source.org_no::text as org_no,
        coalesce(categories.contract_code, source.elec_type_code)::text as usage_category,
        source.trade_code::text as industry_code,
        coalesce(voltages.contract_code, source.volt_code)::text as voltage_code,
        source.build_date::date as opened_date,
        source.cancel_date::date as closed_date,
        coalesce(statuses.contract_code, source.status_code)::text as status_code,
        coalesce(source.mkt_flag = '1', false) as is_market_member,
        source.upd_time::timestamptz as changed_at
    from source
    left join customers on source.cust_id = customers.cust_id
    left join categories on source.elec_type_code = categories.source_code
    left join voltages on source.volt_code = voltages.source_code
    left join statuses on source.status_code = statuses.source_code
)

select * from final
