{{
    built_by_month(
        [{"columns": ["report_month"]}],
        versions="int_payment_month_version",
        month="report_month",
        day="report_month",
    )
}}

with failures as (
    select * from {{ ref("stg_cis__failed_payment") }}
),

dated as (
    select
        date_trunc('month', paid_date)::date as report_month,
        coalesce(channel_code, '') as channel_code,
        account_no,
        amount_yuan,
        bill_month is null as is_unallocated,
        days_to_pay
    from {{ ref("fct_payment") }}
    {{ where_changed_month(
        "date_trunc('month', paid_date)::date", versions="int_payment_month_version", day="report_month"
    ) }}
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

failed as (
    select
        date_trunc('month', {{ local_date("tried_at") }})::date as report_month,
        coalesce(channel_code, '') as channel_code,
        count(*) as failed_payments,
        sum(amount_yuan) as failed_yuan
    from failures
    {{ where_changed_month(
        "date_trunc('month', " ~ local_date("tried_at") ~ ")::date", versions="int_payment_month_version",
        day="report_month"
    ) }}
    group by date_trunc('month', {{ local_date("tried_at") }})::date, coalesce(channel_code, '')
),

-- a channel through which every payment failed stays
both_sides as (
    select
        coalesce(summed.report_month, failed.report_month) as report_month,
        coalesce(summed.channel_code, failed.channel_code) as channel_code,
        coalesce(summed.payments, 0) as payments,
        coalesce(summed.amount_yuan, 0) as amount_yuan,
        coalesce(summed.accounts, 0) as accounts,
        summed.days_to_pay,
        coalesce(summed.unallocated_payments, 0) as unallocated_payments,
        coalesce(summed.unallocated_yuan, 0) as unallocated_yuan,
        coalesce(failed.failed_payments, 0) as failed_payments,
        coalesce(failed.failed_yuan, 0) as failed_yuan
    from summed
    full join failed on summed.report_month = failed.report_month and summed.channel_code = failed.channel_code
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
        failed_payments,
        failed_yuan::numeric(18, 2) as failed_yuan,
        current_timestamp as built_at
    from both_sides
)

select * from final
