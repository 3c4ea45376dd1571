{{ config(indexes=[{"columns": ["account_no"]}, {"columns": ["business_date"]}]) }}

with contacts as (
    select * from {{ ref("stg_crm__interaction") }}
),

orders as (
    select * from {{ ref("stg_crm__service_order") }}
),

topics as (
    select * from {{ ref("interaction_topic") }}
),

profiles as (
    select * from {{ ref("stg_crm__profile") }}
),

accounts as (
    select * from {{ ref("dim_account") }} where is_current
),

organisations as (
    select * from {{ ref("dim_organisation") }}
),

-- an order that no contact names is a contact of its own
together as (
    select
        contacts.interaction_id,
        coalesce(orders.order_no, contacts.order_no) as order_no,
        coalesce(contacts.profile_id, orders.profile_id) as profile_id,
        orders.account_no,
        orders.org_no,
        coalesce(contacts.channel_code, orders.channel_code) as channel_code,
        contacts.topic_zh,
        orders.category_code,
        coalesce(contacts.started_at, orders.accepted_at) as started_at,
        contacts.duration_s,
        orders.status_code as order_status_code,
        orders.is_urgent,
        orders.is_justified,
        orders.outage_no,
        orders.accepted_at,
        orders.finished_at,
        orders.closed_at,
        orders.order_no is not null and orders.closed_at is null as is_open_order
    from contacts
    full outer join orders on contacts.order_no = orders.order_no
),

-- only topics that are known are shown: a clerk's own words may name people
named as (
    select
        together.*,
        coalesce(categories.topic_code, topics.topic_code, 'other') as topic_code
    from together
    left join topics as categories on together.category_code = categories.topic_code
    left join topics on together.topic_zh = topics.topic_zh
),

final as (
    select
        coalesce('C' || named.interaction_id, 'S' || named.order_no)::text as interaction_no,
        named.interaction_id is not null as is_contact,
        coalesce(named.account_no, profiles.account_no)::text as account_no,
        coalesce(accounts.org_no, named.org_no)::text as org_no,
        organisations.station_name_zh,
        organisations.district_name_zh,
        accounts.usage_category,
        named.channel_code,
        named.topic_code::text as topic_code,
        topics.topic_zh,
        topics.topic_en,
        named.topic_code = 'complaint' as is_complaint,
        named.started_at,
        {{ local_date("named.started_at") }} as business_date,
        named.duration_s,
        named.order_no,
        named.order_status_code,
        named.is_urgent,
        named.is_justified,
        named.outage_no,
        named.is_open_order,
        (extract(epoch from named.finished_at - named.accepted_at) / 3600)::numeric(10, 2) as hours_to_finish,
        current_timestamp as built_at
    from named
    left join topics on named.topic_code = topics.topic_code
    left join profiles on named.profile_id = profiles.profile_id
    left join accounts on coalesce(named.account_no, profiles.account_no) = accounts.account_no
    left join organisations on coalesce(accounts.org_no, named.org_no) = organisations.org_no
)

select * from final
