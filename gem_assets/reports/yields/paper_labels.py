"""What the paper's texts are about (arXiv 2601.10355, Fig. 2 and Fig. 9), in our labels.

Does not belong here: refinement's numbers (`model.py`).
"""

PAPER_TASK_SHARES = {
    "customer_support": 0.224,
    "research_and_data": 0.155,
    "education_elearning": 0.121,
    "others": 0.103,
    "developer_tools": 0.076,
    "ecommerce_and_retail": 0.063,
    "search": 0.041,
    "databases": 0.037,
    "file_systems": 0.030,
    "website_control": 0.025,
    "multimedia_processing": 0.024,
    "social_media": 0.023,
    "communication": 0.022,
    "security_and_iam": 0.022,
    "cloud_platforms": 0.018,
    "enterprise_business_intelligence": 0.017,
}
"""Fig. 2: share of texts by task category; `others` stands for all that is not named."""

_DOMAIN_COUNTS = {
    "computers_and_electronics": 578_494,
    "science": 355_244,
    "shopping": 348_893,
    "business_and_industrial": 283_763,
    "health": 198_491,
    "internet_and_telecom": 191_699,
    "jobs_and_education": 170_724,
    "others": 91_162,
    "arts_and_entertainment": 81_424,
    "travel_and_transportation": 57_524,
    "finance": 53_342,
    "sports": 36_519,
    "people_and_society": 35_501,
    "games": 29_726,
    "law_and_government": 28_526,
    "home_and_garden": 24_755,
}

PAPER_DOMAIN_SHARES = {label: count / sum(_DOMAIN_COUNTS.values()) for label, count in _DOMAIN_COUNTS.items()}
"""Fig. 9: share of labels by domain; a text may have several."""
