{{ config(post_hook="analyze {{ this }}") }}

with versions as (
    select * from {{ ref("int_date_version") }}
),

bills as (
    select * from {{ ref("stg_cis__bill") }}
),

payments as (
    select * from {{ ref("stg_cis__payment") }}
),

metering as (
    select max(business_date) as data_as_of from versions
),

-- overdue is counted up to the latest date that any delivered record knows of, never up to the clock:
-- a late source must not make paid bills look overdue, and a rebuild gives the same table
final as (
    select
        metering.data_as_of,
        greatest(
            metering.data_as_of,
            (select max(bills.issued_date) from bills),
            (select {{ local_date("max(payments.paid_at)") }} from payments)
        ) as settled_as_of
    from metering
)

select * from final
