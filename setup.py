"""Packaging of docbeam. Tool settings are in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup

OURS = ["docbeam", "beam_pipeline", "transforms", "schemas", "runners"]
EXTRACTORS = [
    "pdf = transforms.extract.pdf.extractor:PdfExtractor",
    "docx = transforms.extract.docx.extractor:DocxExtractor",
    "html = transforms.extract.html.extractor:HtmlExtractor",
    "markdown = transforms.extract.html.markdown:MarkdownExtractor",
    "text = transforms.extract.text.plain:TextExtractor",
    "csv = transforms.extract.text.delimited:DelimitedExtractor",
    "image = transforms.extract.image:ImageExtractor",
]
OCR_ENGINES = [
    "onnx = transforms.ocr.onnx:OnnxOcr",
    "tesseract = transforms.ocr.tesseract:TesseractEngine",
]

setup(
    name="docbeam",
    version="0.1.0",
    description="Documents in, citable chunk tables out: a document-ingestion pipeline on Apache Beam",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    # Named one by one: generic names must not drag tests or examples into site-packages.
    packages=[p for top in OURS for p in [top, *(f"{top}.{sub}" for sub in find_packages(top))]],
    package_data={top: ["py.typed"] for top in OURS}
    | {"transforms.chunk": ["vocabularies/*"], "transforms.layout": ["batch_bounds.toml"]},
    install_requires=[
        # Not apache-beam[gcp]: it doubles the import time; gs:// needs google-cloud-storage only.
        "apache-beam>=2.77,<2.78",
        "certifi",
        "charset-normalizer>=3.4",
        "deltalake>=1.6,<2",
        "duckdb>=1.4",
        "fastavro>=1.13",
        "filetype>=1.2",
        # Without it Beam reads gs:// without credentials, whatever the machine has; its extra wants one below 0.3.
        "google-auth-httplib2>=0.2,<0.3",
        "google-cloud-storage>=3.1",
        "lxml>=6",
        "markdown-it-py>=4",
        "numpy>=2",
        "mdit-py-plugins>=0.5",
        "msgspec>=0.20",
        "psutil>=7",
        "onnxruntime>=1.23",
        "opencv-python-headless>=4.10",
        "pillow>=11",
        "protobuf>=5",
        "pyarrow>=22",
        "pymupdf>=2.0,<2.1",
        "pyyaml>=6",
        "pytesseract>=0.3.13",
        "python-docx>=1.2",
        # Its models only; see transforms/ocr/onnx_models.py.
        "rapidocr>=3.10,<3.11",
        "regex>=2025.1.1",
        "rich>=14",
        "tenacity>=9",
        "threadpoolctl>=3.5",
        "pathspec>=0.12",
        "tiktoken>=0.12",
        "typer>=0.20",
        "urllib3>=2.3",
    ],
    extras_require={
        # The wheels of onnxruntime share a folder, and PyMuPDF wants the plain one: see docs/layout-models.md.
        "gpu": ["onnxruntime-gpu[cuda,cudnn]>=1.23", "onnx>=1.19"],
        "openvino": ["onnxruntime-openvino>=1.23"],
        "precision": ["onnx>=1.19"],
        "dataflow": ["apache-beam[gcp]>=2.77,<2.78", "setuptools>=77"],
        "s3": ["boto3>=1.40"],
        "dev": [
            "hypothesis>=6",
            "moto[server]>=5",
            "mypy>=1.18",
            "onnx>=1.19",
            "polars>=1.30",
            "pytest-cov>=7",
            "pytest-xdist>=3.8",
            "pytest>=9",
            "ruff>=0.14",
            "setuptools>=77",
            "types-psutil",
            "wheel>=0.45",
            # What the corpus' scorer needs (make quality).
            "apted>=1",
            "beautifulsoup4>=4",
            "fuzzysearch>=0.8",
            "rapidfuzz>=3",
            "scipy>=1.15",
        ],
    },
    entry_points={
        "console_scripts": ["docbeam = docbeam.__main__:main"],
        "docbeam.extractors": EXTRACTORS,
        "docbeam.ocr": OCR_ENGINES,
    },
)
