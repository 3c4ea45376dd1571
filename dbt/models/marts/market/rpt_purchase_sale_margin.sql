with settlements as (
    select * from {{ ref("fct_trade_settlement_day") }}
),

sales as (
    select * from {{ ref("rpt_sales_month") }}
),

purchased as (
    select
        date_trunc('month', business_date)::date as report_month,
        count(*) as days_settled,
        sum(actual_mwh) * 1000 as purchased_kwh,
        sum(total_yuan) as purchase_yuan
    from settlements
    group by date_trunc('month', business_date)::date
),

sold as (
    select
        sales_month as report_month,
        sum(energy_kwh) as sold_kwh,
        sum(revenue_yuan) as revenue_yuan
    from sales
    group by sales_month
),

-- a month that is settled and not yet billed, or the other way round, stays visible
final as (
    select
        coalesce(purchased.report_month, sold.report_month) as report_month,
        coalesce(purchased.days_settled, 0)::int as days_settled,
        purchased.purchased_kwh::numeric(18, 3) as purchased_kwh,
        purchased.purchase_yuan::numeric(18, 2) as purchase_yuan,
        (purchased.purchase_yuan / nullif(purchased.purchased_kwh, 0))::numeric(12, 6) as purchase_price_yuan_kwh,
        sold.sold_kwh::numeric(18, 3) as sold_kwh,
        sold.revenue_yuan::numeric(18, 2) as revenue_yuan,
        (sold.revenue_yuan / nullif(sold.sold_kwh, 0))::numeric(12, 6) as sale_price_yuan_kwh,
        (
            sold.revenue_yuan / nullif(sold.sold_kwh, 0)
            - purchased.purchase_yuan / nullif(purchased.purchased_kwh, 0)
        )::numeric(12, 6) as margin_yuan_kwh,
        (sold.revenue_yuan - purchased.purchase_yuan)::numeric(18, 2) as margin_yuan,
        current_timestamp as built_at
    from purchased
    full outer join sold on purchased.report_month = sold.report_month
)

select * from final
