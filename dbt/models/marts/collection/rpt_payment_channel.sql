{{
    config(
        materialized="incremental",
        incremental_strategy="append",
        on_schema_change="fail",
        pre_hook="{{ delete_changed_months('report_month', 'int_payment_month_version', day='report_month') }}",
        post_hook="{{ remember_built_dates('int_payment_month_version', 'report_month') }}",
        indexes=[{"columns": ["report_month"]}],
    )
}}

with dated as (
    select
        date_trunc('month', paid_date)::date as report_month,
        coalesce(channel_code, '') as channel_code,
        account_no,
        amount_yuan,
        bill_month is null as is_unallocated,
        days_to_pay
    from {{ ref("fct_payment") }}
    {% if is_incremental() -%}
        where
            date_trunc('month', paid_date)::date in (
                {{ changed_months("int_payment_month_version", "report_month") }}
            )
    {%- endif %}
),

summed as (
    select
        report_month,
        channel_code,
        count(*) as payments,
        sum(amount_yuan) as amount_yuan,
        count(distinct account_no) as accounts,
        avg(days_to_pay) as days_to_pay,
        count(*) filter (where is_unallocated) as unallocated_payments,
        coalesce(sum(amount_yuan) filter (where is_unallocated), 0) as unallocated_yuan
    from dated
    group by report_month, channel_code
),

final as (
    select
        report_month,
        channel_code,
        payments,
        amount_yuan::numeric(18, 2) as amount_yuan,
        (amount_yuan / nullif(sum(amount_yuan) over (partition by report_month), 0))::numeric(12, 6) as amount_share,
        (payments / nullif(sum(payments) over (partition by report_month), 0))::numeric(12, 6) as payment_share,
        accounts,
        days_to_pay::numeric(8, 2) as days_to_pay,
        unallocated_payments,
        unallocated_yuan::numeric(18, 2) as unallocated_yuan,
        current_timestamp as built_at
    from summed
)

select * from final
