with sales as (
    select * from {{ ref("int_sales_month") }}
),

months as (
    select distinct sales_month from sales
),

-- the same month of the year before, where it was billed at all
year_before as (
    select
        months.sales_month,
        sales.org_no,
        sales.usage_category,
        sales.industry_code,
        sales.voltage_code,
        sales.station_name_zh,
        sales.district_name_zh,
        sales.usage_category_zh,
        sales.energy_kwh,
        sales.revenue_yuan,
        sales.accounts
    from sales
    inner join months on sales.sales_month = (months.sales_month - interval '1 year')::date
),

compared_months as (
    select distinct sales_month from year_before
),

-- who left is a row too: what they paid is gone
joined as (
    select
        coalesce(sales.sales_month, year_before.sales_month) as sales_month,
        coalesce(sales.org_no, year_before.org_no) as org_no,
        coalesce(sales.usage_category, year_before.usage_category) as usage_category,
        coalesce(sales.industry_code, year_before.industry_code) as industry_code,
        coalesce(sales.voltage_code, year_before.voltage_code) as voltage_code,
        coalesce(sales.station_name_zh, year_before.station_name_zh) as station_name_zh,
        coalesce(sales.district_name_zh, year_before.district_name_zh) as district_name_zh,
        coalesce(sales.usage_category_zh, year_before.usage_category_zh) as usage_category_zh,
        coalesce(sales.energy_kwh, 0) as energy_kwh,
        coalesce(sales.revenue_yuan, 0) as revenue_yuan,
        coalesce(sales.accounts, 0) as accounts,
        coalesce(year_before.energy_kwh, 0) as energy_before_kwh,
        coalesce(year_before.revenue_yuan, 0) as revenue_before_yuan,
        coalesce(year_before.accounts, 0) as accounts_before
    from sales
    full outer join year_before
        on
            sales.sales_month = year_before.sales_month
            and sales.org_no = year_before.org_no
            and sales.usage_category = year_before.usage_category
            and sales.industry_code = year_before.industry_code
            and sales.voltage_code = year_before.voltage_code
),

-- more customers at the use and price of before, more use of today's customers at the price of before, and the rest,
-- which is price; a group that is new, or gone, is customers
parts as (
    select
        joined.*,
        case
            when joined.accounts_before = 0 or joined.accounts = 0 then joined.revenue_yuan - joined.revenue_before_yuan
            else
                round(
                    (joined.accounts - joined.accounts_before) * joined.revenue_before_yuan / joined.accounts_before, 2
                )
        end as by_customers_yuan,
        case
            when joined.accounts_before = 0 or joined.accounts = 0 then 0
            else
                round(
                    (joined.energy_kwh - joined.accounts * joined.energy_before_kwh / joined.accounts_before)
                    * coalesce(joined.revenue_before_yuan / nullif(joined.energy_before_kwh, 0), 0),
                    2
                )
        end as by_use_yuan
    from joined
),

final as (
    select
        parts.sales_month,
        parts.org_no,
        parts.usage_category,
        parts.industry_code,
        parts.voltage_code,
        parts.station_name_zh,
        parts.district_name_zh,
        parts.usage_category_zh,
        parts.energy_kwh::numeric(18, 3) as energy_kwh,
        parts.revenue_yuan::numeric(18, 2) as revenue_yuan,
        (parts.revenue_yuan / nullif(parts.energy_kwh, 0))::numeric(12, 6) as average_price_yuan,
        parts.accounts,
        {% for column, kind in [
            ("energy_before_kwh", "numeric(18, 3)"), ("revenue_before_yuan", "numeric(18, 2)"),
            ("accounts_before", "bigint"), ("by_customers_yuan", "numeric(18, 2)"),
            ("by_use_yuan", "numeric(18, 2)"),
        ] -%}
            case when compared_months.sales_month is not null then parts.{{ column }} end::{{ kind }} as {{ column }},
        {% endfor -%}
        case
            when compared_months.sales_month is not null
                then parts.revenue_yuan - parts.revenue_before_yuan - parts.by_customers_yuan - parts.by_use_yuan
        end::numeric(18, 2) as by_price_yuan,
        current_timestamp as built_at
    from parts
    left join compared_months on parts.sales_month = compared_months.sales_month
)

select * from final
