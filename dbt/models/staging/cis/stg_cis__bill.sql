with source as (
    select * from {{ source("cis", "e_bill") }}
),

statuses as (
    {{ codes_of("cis", "settle_flag") }}
),

final as (
    select
        source.calc_id::text as bill_no,
        source.cons_no::text as account_no,
        to_date(source.bill_ym, 'YYYYMM') as bill_month,
        source.issue_date::date as issued_date,
        source.due_date::date as due_date,
        source.t_pq::numeric(18, 3) as energy_kwh,
        source.t_amt::numeric(18, 2) as amount_yuan,
        coalesce(statuses.contract_code, source.settle_flag)::text as status_code
    from source
    left join statuses on source.settle_flag = statuses.source_code
)

select * from final
