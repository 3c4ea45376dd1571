with products as (
    select * from {{ ref("stg_cis__product") }}
),

-- a subscription to a product that is not on the list stays, under no code
subscriptions as (
    select
        subscription_no,
        account_no,
        coalesce(product_code, '') as product_code,
        begin_date,
        case when end_date is not null then greatest(begin_date, end_date) end as end_date
    from {{ ref("stg_cis__subscription") }}
),

bills as (
    select * from {{ ref("fct_bill") }}
),

as_of as (
    select * from {{ ref("int_as_of") }}
),

offered as (
    select product_code from products
    union
    select product_code from subscriptions
),

months as (
    select
        portfolio_month::date as portfolio_month,
        (portfolio_month + interval '1 month')::date as next_month
    from
        generate_series(
            (select date_trunc('month', min(subscriptions.begin_date)) from subscriptions),
            (
                select date_trunc('month', greatest(max(subscriptions.begin_date), max(as_of.settled_as_of)))
                from subscriptions
                cross join as_of
            ),
            interval '1 month'
        ) as portfolio_month
),

begun as (
    select
        offered.product_code,
        months.portfolio_month,
        subscriptions.subscription_no,
        subscriptions.account_no,
        subscriptions.begin_date >= months.portfolio_month as is_new,
        subscriptions.end_date >= months.portfolio_month and subscriptions.end_date < months.next_month as is_ended,
        subscriptions.end_date is null or subscriptions.end_date >= months.next_month as is_in_force,
        subscriptions.end_date is null or subscriptions.end_date > months.portfolio_month as is_charged
    from offered
    cross join months
    left join subscriptions
        on offered.product_code = subscriptions.product_code and months.next_month > subscriptions.begin_date
),

counted as (
    select
        product_code,
        portfolio_month,
        count(subscription_no) filter (where is_in_force) as subscriptions,
        count(subscription_no) filter (where is_new) as new_subscriptions,
        count(subscription_no) filter (where is_ended) as ended_subscriptions,
        count(distinct account_no) filter (where is_in_force) as accounts,
        count(subscription_no) filter (where is_charged) as charged
    from begun
    group by product_code, portfolio_month
),

holders as (
    select distinct
        product_code,
        portfolio_month,
        account_no
    from begun
    where subscription_no is not null and is_in_force
),

billed as (
    select
        holders.product_code,
        holders.portfolio_month,
        sum(bills.energy_kwh) as energy_kwh
    from holders
    inner join bills on holders.account_no = bills.account_no and holders.portfolio_month = bills.bill_month
    group by holders.product_code, holders.portfolio_month
),

final as (
    select
        counted.product_code::text as product_code,
        products.product_name_zh,
        products.product_name_en,
        counted.portfolio_month,
        counted.subscriptions,
        counted.new_subscriptions,
        counted.ended_subscriptions,
        counted.accounts,
        billed.energy_kwh::numeric(18, 3) as energy_kwh,
        case products.price_unit_code
            when 'month' then products.price_yuan * counted.charged
            when 'once' then products.price_yuan * counted.new_subscriptions
        end::numeric(18, 2) as revenue_yuan,
        (
            counted.subscriptions
            / nullif(sum(counted.subscriptions) over (partition by counted.portfolio_month), 0)
        )::numeric(12, 6) as subscription_share,
        current_timestamp as built_at
    from counted
    left join products on counted.product_code = products.product_code
    left join billed on counted.product_code = billed.product_code and counted.portfolio_month = billed.portfolio_month
)

select * from final
