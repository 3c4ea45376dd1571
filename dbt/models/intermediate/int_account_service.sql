{{ config(indexes=[{"columns": ["account_no"], "unique": true}]) }}

with accounts as (
    select * from {{ ref("stg_cis__account") }}
),

interactions as (
    select * from {{ ref("fct_interaction") }}
),

feedback as (
    select * from {{ ref("fct_feedback") }}
),

exposures as (
    select * from {{ ref("fct_campaign_exposure") }}
),

profiles as (
    select * from {{ ref("stg_crm__profile") }}
),

consents as (
    select * from {{ ref("stg_crm__consent") }}
),

subscriptions as (
    select * from {{ ref("stg_cis__subscription") }}
),

products as (
    select * from {{ ref("stg_cis__product") }}
),

as_of as (
    select * from {{ ref("int_as_of") }}
),

contacted as (
    select
        interactions.account_no,
        count(*) filter (where interactions.business_date > as_of.settled_as_of - 365) as interactions_12m,
        max(interactions.business_date) as last_contact_date,
        count(*) filter (
            where interactions.is_complaint and interactions.business_date > as_of.settled_as_of - 365
        ) as complaints_12m,
        count(*) filter (
            where interactions.is_complaint and interactions.business_date > as_of.settled_as_of - 90
        ) as complaints_90d,
        count(distinct interactions.order_no) filter (where interactions.is_open_order) as open_service_orders
    from interactions
    cross join as_of
    group by interactions.account_no
),

asked as (
    select
        account_no,
        (array_agg(score order by given_at desc, feedback_id desc))[1] as last_score
    from feedback
    group by account_no
),

agreed as (
    select
        profiles.account_no,
        count(distinct consents.channel_code) as consents,
        string_agg(distinct consents.channel_code, ', ' order by consents.channel_code) as consent_channels
    from profiles
    inner join consents on profiles.profile_id = consents.profile_id
    cross join as_of
    where
        as_of.settled_as_of >= consents.granted_date
        and (consents.withdrawn_date is null or as_of.settled_as_of < consents.withdrawn_date)
    group by profiles.account_no
),

taken as (
    select
        subscriptions.account_no,
        count(*) as products,
        string_agg(products.product_name_zh, '、' order by products.product_code) as products_zh
    from subscriptions
    left join products on subscriptions.product_code = products.product_code
    cross join as_of
    where
        as_of.settled_as_of >= subscriptions.begin_date
        and (subscriptions.end_date is null or as_of.settled_as_of < subscriptions.end_date)
    group by subscriptions.account_no
),

accepted as (
    select
        account_no,
        count(*) as campaigns_accepted
    from exposures
    where is_subscribed
    group by account_no
),

final as (
    select
        accounts.account_no,
        coalesce(contacted.interactions_12m, 0) as interactions_12m,
        contacted.last_contact_date,
        coalesce(contacted.complaints_12m, 0) as complaints_12m,
        coalesce(contacted.complaints_90d, 0) as complaints_90d,
        coalesce(contacted.open_service_orders, 0) as open_service_orders,
        asked.last_score,
        coalesce(agreed.consents, 0) as consents,
        agreed.consent_channels,
        coalesce(taken.products, 0) as products,
        taken.products_zh,
        coalesce(accepted.campaigns_accepted, 0) as campaigns_accepted
    from accounts
    left join contacted on accounts.account_no = contacted.account_no
    left join asked on accounts.account_no = asked.account_no
    left join agreed on accounts.account_no = agreed.account_no
    left join taken on accounts.account_no = taken.account_no
    left join accepted on accounts.account_no = accepted.account_no
)

select * from final
