with outages as (
    select * from {{ ref("fct_outage") }}
    where start_at is not null
),

repairs as (
    select * from {{ ref("fct_repair") }}
),

accounts as (
    select * from {{ ref("stg_cis__account") }}
),

organisations as (
    select * from {{ ref("dim_organisation") }}
),

days as (
    select distinct business_date from {{ ref("int_date_version") }}
),

months as (
    select
        date_trunc('month', business_date)::date as report_month,
        min(business_date) as first_date,
        max(business_date) as last_date,
        {{ local_midnight("min(business_date)") }} as begins_at,
        {{ local_midnight("max(business_date) + 1") }} as ends_at
    from days
    group by date_trunc('month', business_date)::date
),

-- a supply station stands for itself, its district and its company; what lies at no known station keeps its own row
levels as (
    select org_no as station_no, org_no from organisations where org_type = 'station'
    union
    select org_no, district_no from organisations where org_type = 'station' and district_no is not null
    union
    select org_no, company_no from organisations where org_type = 'station' and company_no is not null
    union
    select '', ''
),

-- alike ones as one row, which months and levels then multiply
placed_accounts as (
    select
        accounts.opened_date,
        accounts.closed_date,
        coalesce(organisations.org_no, '') as station_no,
        count(*) as accounts
    from accounts
    left join organisations on accounts.org_no = organisations.org_no and organisations.org_type = 'station'
    group by accounts.opened_date, accounts.closed_date, coalesce(organisations.org_no, '')
),

placed_outages as (
    select
        outages.*,
        coalesce(organisations.org_no, '') as station_no
    from outages
    left join organisations on outages.org_no = organisations.org_no and organisations.org_type = 'station'
),

-- who had supply on the month's last day known
station_customers as (
    select
        months.report_month,
        placed_accounts.station_no,
        sum(placed_accounts.accounts)::bigint as customers,
        max(months.last_date - months.first_date + 1) * 24 as hours
    from months
    inner join placed_accounts
        on
            months.last_date >= placed_accounts.opened_date
            and (placed_accounts.closed_date is null or months.last_date < placed_accounts.closed_date)
    group by months.report_month, placed_accounts.station_no
),

customers as (
    select
        station_customers.report_month,
        levels.org_no,
        sum(station_customers.customers)::bigint as customers,
        max(station_customers.hours) as hours
    from station_customers
    inner join levels on station_customers.station_no = levels.station_no
    group by station_customers.report_month, levels.org_no
),

cut as (
    select
        months.report_month,
        levels.org_no,
        outages.outage_kind,
        outages.customers,
        outages.start_at >= months.begins_at as begins_here,
        extract(
            epoch from
            least(coalesce(outages.end_at, months.ends_at), months.ends_at)
            - greatest(outages.start_at, months.begins_at)
        ) / 3600 as hours
    from placed_outages as outages
    inner join months
        on
            outages.start_at < months.ends_at
            and coalesce(outages.end_at, 'infinity') > months.begins_at
    inner join levels on outages.station_no = levels.station_no
),

lost as (
    select
        report_month,
        org_no,
        count(*) filter (where begins_here) as outages,
        count(*) filter (where begins_here and outage_kind = 'fault') as faults,
        coalesce(sum(customers) filter (where begins_here), 0) as interruptions,
        sum(customers * hours) as customer_hours_lost,
        coalesce(sum(customers * hours) filter (where outage_kind = 'fault'), 0) as customer_hours_lost_by_fault
    from cut
    group by report_month, org_no
),

repaired as (
    select
        date_trunc('month', repairs.business_date)::date as report_month,
        levels.org_no,
        avg(repairs.repair_minutes) / 60 as mttr_hours
    from repairs
    inner join levels on repairs.org_no = levels.station_no
    where repairs.repair_minutes is not null
    group by date_trunc('month', repairs.business_date)::date, levels.org_no
),

final as (
    select
        customers.report_month,
        customers.org_no,
        coalesce(organisations.org_type, 'unknown') as org_type,
        organisations.station_name_zh,
        organisations.district_name_zh,
        customers.customers,
        (customers.customers * customers.hours)::numeric(18, 4) as customer_hours,
        coalesce(lost.customer_hours_lost, 0)::numeric(18, 4) as customer_hours_lost,
        coalesce(lost.customer_hours_lost_by_fault, 0)::numeric(18, 4) as customer_hours_lost_by_fault,
        coalesce(lost.outages, 0) as outages,
        coalesce(lost.faults, 0) as faults,
        coalesce(lost.interruptions, 0) as interruptions,
        (
            1 - coalesce(lost.customer_hours_lost, 0) / (customers.customers * customers.hours)
        )::numeric(12, 8) as reliability_rate,
        (coalesce(lost.customer_hours_lost, 0) / customers.customers)::numeric(12, 6) as saidi_hours,
        (coalesce(lost.interruptions, 0)::numeric / customers.customers)::numeric(12, 6) as saifi,
        repaired.mttr_hours::numeric(12, 4) as mttr_hours,
        current_timestamp as built_at
    from customers
    left join organisations on customers.org_no = organisations.org_no
    left join lost on customers.report_month = lost.report_month and customers.org_no = lost.org_no
    left join repaired on customers.report_month = repaired.report_month and customers.org_no = repaired.org_no
)

select * from final
