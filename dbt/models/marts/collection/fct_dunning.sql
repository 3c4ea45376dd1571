{{ config(indexes=[{"columns": ["bill_no"]}, {"columns": ["account_no"]}]) }}

with reminders as (
    select * from {{ ref("stg_cis__dunning") }}
),

disconnections as (
    select * from {{ ref("stg_cis__disconnection") }}
),

bills as (
    select * from {{ ref("fct_receivable") }} where kind_code = 'bill'
),

payments as (
    select * from {{ ref("stg_cis__payment") }}
),

accounts as (
    select * from {{ ref("dim_account") }} where is_current
),

as_of as (
    select settled_as_of from {{ ref("int_as_of") }}
),

-- a disconnection is the last step of dunning
actions as (
    select
        'U' || dunning_id as action_no,
        channel_code,
        bill_no,
        account_no,
        sent_at as acted_at,
        claimed_yuan,
        null::timestamptz as reconnected_at
    from reminders
    union all
    select
        'S' || disconnection_id,
        'disconnection',
        bill_no,
        account_no,
        disconnected_at,
        claimed_yuan,
        reconnected_at
    from disconnections
),

paid as (
    select
        actions.action_no,
        sum(payments.amount_yuan) filter (where payments.paid_at <= actions.acted_at) as before_yuan,
        sum(payments.amount_yuan) filter (where payments.paid_at > actions.acted_at) as after_yuan
    from actions
    inner join payments
        on actions.bill_no = payments.bill_no and payments.paid_at <= actions.acted_at + interval '7 days'
    group by actions.action_no
),

seen as (
    select
        actions.*,
        accounts.org_no,
        accounts.station_name_zh,
        accounts.district_name_zh,
        accounts.usage_category,
        bills.due_date,
        {{ local_date("actions.acted_at") }} as business_date,
        bills.receivable_yuan - least(coalesce(paid.before_yuan, 0), bills.receivable_yuan) as unpaid_yuan,
        coalesce(paid.after_yuan, 0) as paid_7d_yuan,
        as_of.settled_as_of
    from actions
    cross join as_of
    left join bills on actions.bill_no = bills.bill_no
    left join paid on actions.action_no = paid.action_no
    left join accounts on actions.account_no = accounts.account_no
),

final as (
    select
        action_no,
        business_date,
        account_no,
        org_no,
        station_name_zh,
        district_name_zh,
        usage_category,
        bill_no,
        channel_code,
        acted_at,
        business_date - due_date as overdue_days,
        claimed_yuan,
        unpaid_yuan::numeric(18, 2) as unpaid_yuan,
        paid_7d_yuan::numeric(18, 2) as paid_7d_yuan,
        case
            when unpaid_yuan > 0 and paid_7d_yuan >= unpaid_yuan then true
            -- there is still time, or nothing was owed
            when settled_as_of < business_date + 7 or coalesce(unpaid_yuan, 0) = 0 then null
            else false
        end as is_paid_in_7_days,
        reconnected_at,
        current_timestamp as built_at
    from seen
)

select * from final
