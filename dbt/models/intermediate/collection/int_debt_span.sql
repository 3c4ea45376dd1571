{{
    built_by_month(
        [{"columns": ["bill_no", "valid_from"], "unique": true}, {"columns": ["bill_month"]}],
        versions="int_settled_month_version",
        differing=true,
    )
}}

with bills as (
    select
        bill_no,
        account_no,
        amount_yuan,
        due_date,
        bill_month,
        make_date(extract(year from due_date)::int, 12, 31) as due_year_end
    from {{ ref("stg_cis__bill") }}
    {{ where_changed_month(versions="int_settled_month_version") }}
),

payments as (
    select
        bill_no,
        amount_yuan,
        {{ local_date("paid_at") }} as paid_date
    from {{ ref("stg_cis__payment") }}
),

contracts as (
    select * from {{ ref("int_account_contract") }}
),

tariffs as (
    select * from {{ ref("dim_tariff") }}
),

-- the rates in force on the due date, of the last terms that the account had in the month of the bill
rated as (
    select distinct on (bills.bill_no)
        bills.*,
        tariffs.late_fee_rate,
        tariffs.late_fee_rate_later_years
    from bills
    left join contracts
        on bills.account_no = contracts.account_no and contracts.valid_from < bills.bill_month + interval '1 month'
    left join tariffs
        on
            contracts.tariff_code = tariffs.tariff_code
            and bills.due_date >= tariffs.valid_from
            and (tariffs.valid_to is null or bills.due_date < tariffs.valid_to)
    order by bills.bill_no asc, contracts.valid_from desc
),

-- what is unpaid in the evening of the due date, and after each later payment
steps as (
    select
        bill_no,
        due_date as step_date,
        0 as paid_yuan
    from bills
    union all
    select
        payments.bill_no,
        greatest(payments.paid_date, bills.due_date),
        payments.amount_yuan
    from payments
    inner join bills on payments.bill_no = bills.bill_no
),

dated as (
    select
        bill_no,
        step_date,
        sum(paid_yuan) as paid_yuan
    from steps
    group by bill_no, step_date
),

spans as (
    select
        rated.bill_no,
        rated.bill_month,
        rated.account_no,
        rated.due_date,
        rated.due_year_end,
        rated.late_fee_rate,
        rated.late_fee_rate_later_years,
        dated.step_date as valid_from,
        lead(dated.step_date) over bill as valid_to,
        greatest(rated.amount_yuan - sum(dated.paid_yuan) over bill, 0) as unpaid_yuan
    from dated
    inner join rated on dated.bill_no = rated.bill_no
    window bill as (partition by dated.bill_no order by dated.step_date)
),

final as (
    select
        spans.bill_no,
        spans.bill_month,
        spans.account_no,
        spans.due_date,
        spans.due_year_end,
        spans.late_fee_rate,
        spans.late_fee_rate_later_years,
        spans.valid_from,
        spans.valid_to,
        spans.unpaid_yuan::numeric(18, 2) as unpaid_yuan,
        coalesce(
            sum({{ late_fee("spans", "spans.valid_to") }}) over (
                partition by spans.bill_no order by spans.valid_from rows between unbounded preceding and 1 preceding
            ), 0
        ) as fee_before_yuan
    from spans
)

select * from final
