"""What is answered when a file cannot be taken or shown."""

from shared.errors import Message

FILE_EMPTY = Message(
    "file_empty", "请选择一个文件（这个是空的）", "choose a file that is not empty"
)
FILE_TOO_LARGE = Message(
    "file_too_large",
    "文件超过 {most} MB：照片请选“中等大小”再发，文件请拆开或压缩",
    "more than {most} MB: send a smaller picture, or divide the document",
)
FILE_KIND_UNKNOWN = Message(
    "file_kind_unknown",
    "这里可以放照片（JPG、PNG、WebP）、PDF 和录音，这个文件不是；"
    "苹果手机请在“设置-相机-格式”选“兼容性最佳”后再拍",
    "pictures (JPG, PNG, WebP), PDF and voice; on an iPhone set Camera, Formats, Most Compatible",
)
PICTURE_UNREADABLE = Message(
    "picture_unreadable",
    "照片打不开，可能没有传完整，请重新选择",
    "the picture cannot be opened: choose it again",
)
PICTURE_TOO_LARGE = Message(
    "picture_too_large",
    "照片太大（超过 {most} 百万像素），请缩小后再发",
    "the picture has more than {most} million pixels: make it smaller",
)
FILE_INFECTED = Message(
    "file_infected",
    "这个文件没有通过病毒检查，没有保存；请换一个文件",
    "this file did not pass the virus check and is not stored: send another",
)
FILES_TOO_MANY = Message(
    "files_too_many",
    "最多放 {most} 个文件；请先移除不要的",
    "at most {most} files: take away those that are not needed",
)
FILE_REMOVED = Message(
    "file_removed",
    "这个文件放过，工作人员已把它移除，不能再放；如果移错了，请联系村(居)委会或镇街民政办",
    "this file was taken away from the case: who took it away or an approver puts it back",
)
ATTACHMENT_UNKNOWN = Message(
    "attachment_unknown",
    "没有这个文件，或已被移除",
    "no such file, or it was taken away",
)
ATTACHMENT_WAITS = Message(
    "attachment_waits",
    "文件正在做病毒检查，通过后才能看，请稍后再来",
    "the file is being checked for viruses: come again later",
)
PERSON_GONE = Message(
    "person_gone",
    "申请人的个人资料已按要求删除，不能再放文件",
    "the applicant's data were erased: no file can be added",
)
REMOVER_FOREIGN = Message(
    "remover_foreign",
    "只有放上去的人或审批人可以移除",
    "only who added it, or an approver, takes it away",
)
OWN_FILE_REFUSED = Message(
    "own_file_refused",
    "有文件没有收下：请放照片（JPG、PNG）或 PDF，每个不超过 {most} MB，最多 {count} 个",
    "a file was not taken: send pictures (JPG, PNG) or PDF, up to {most} MB each, {count} in all",
)
REQUEST_OVER = Message(
    "request_over",
    "这件诉求已经办结或撤回，不用再补充材料",
    "this request is over: nothing more is needed",
)
